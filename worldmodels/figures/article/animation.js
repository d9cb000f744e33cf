// What moves: one loop for all experiments, of which only those on the screen run.

const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
const MAX_STEPS_PER_FRAME = 4; // a tab that was in the background does not catch up
const animations = [];
let lastTime = null;

function onFrame(time) {
  const seconds = lastTime === null ? 0 : Math.min((time - lastTime) / 1000, 1);
  lastTime = time;
  animations.filter(({ visible }) => visible).forEach(({ frame }) => frame(seconds));
  requestAnimationFrame(onFrame);
}
requestAnimationFrame(onFrame);

// Calls `frame` with the seconds since the last frame while the element is on the screen.
export function animate(element, frame) {
  const animation = { frame, visible: false };
  animations.push(animation);
  new IntersectionObserver((entries) => {
    animation.visible = entries.at(-1).isIntersecting;
  }, { rootMargin: "80px" }).observe(element);
}

// A button that starts and stops an experiment, which takes `speed` steps a second. Where people
// prefer reduced motion, nothing moves before they press it, and nothing moves between two steps.
export class Player {
  // `step` takes a step, and returns whether another one follows; `draw` is called with the share
  // of the next step that is over; `again`, if the button is pressed at the end.
  constructor(element, button, { speed, step, draw, again }) {
    Object.assign(this, { button, speed, step, draw, again });
    this.playing = !reducedMotion.matches;
    this.ended = false;
    this.due = 0; // steps, with the started one as a fraction
    this.dirty = true;
    button.addEventListener("click", () => this.toggle());
    animate(element, (seconds) => this.frame(seconds));
    this.label();
  }

  label() {
    this.button.textContent = this.ended ? "Again" : this.playing ? "Pause" : "Play";
    this.redraw();
  }

  redraw() {
    this.dirty = true;
  }

  toggle() {
    if (this.ended) {
      this.again();
      this.begin(true);
    } else {
      this.playing = !this.playing;
      this.label();
    }
  }

  // After a new beginning.
  begin(playing = this.playing || !reducedMotion.matches) {
    this.ended = false;
    this.due = 0;
    this.playing = playing;
    this.label();
  }

  advance() {
    if (!this.step()) {
      this.ended = true;
      this.playing = false;
      this.label();
    }
    this.redraw();
  }

  frame(seconds) {
    if (this.playing) {
      this.due = Math.min(this.due + seconds * this.speed, MAX_STEPS_PER_FRAME);
      while (this.due >= 1 && this.playing) {
        this.due -= 1;
        this.advance();
      }
    }
    const smooth = this.playing && !reducedMotion.matches;
    if (this.dirty || smooth) {
      this.dirty = false;
      this.draw(smooth ? this.due : 1);
    }
  }
}
