// Keys and touch. A control that was reached with Tab keeps the keys that it needs; after a click
// or a touch, arrows steer and space pauses.

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const EASE = 0.4; // share of the way to the pressed keys that wheel and pedal move in a step
const FULL = [0.8, 1]; // action of the keys at full lock, and at full throttle

export class Input {
  // `press` is called after an arrow is pressed, `command` with any other key.
  constructor(press, command) {
    this.press = press;
    this.command = command;
    this.pressed = new Set();
    this.byTab = false; // whether Tab moved the focus last
    this.action = [0, 0];
  }

  // Move wheel and pedal towards the arrows that are pressed; `left` is the sign of a left turn.
  step(left) {
    const { pressed } = this;
    const target = [
      left * (pressed.has("ArrowLeft") - pressed.has("ArrowRight")),
      pressed.has("ArrowUp") - pressed.has("ArrowDown"),
    ];
    this.action = this.action.map((value, i) => value + EASE * (FULL[i] * target[i] - value));
  }

  listen(buttons) {
    window.addEventListener("pointerdown", () => { this.byTab = false; }, true);
    window.addEventListener("keydown", (event) => this.onKeyDown(event));
    window.addEventListener("keyup", (event) => {
      this.pressed.delete(event.key);
      // Firefox clicks a button with the focus when space is released.
      if (event.key === " " && !this.byTab) event.preventDefault();
    });
    window.addEventListener("blur", () => this.pressed.clear());
    buttons.forEach((button) => this.listenTo(button));
  }

  onKeyDown(event) {
    const { key, target } = event;
    if (key === "Tab") this.byTab = true;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const control = target.matches?.("button, input") ? target : null;
    const typing = control?.type === "number";
    if (control && (key === "Escape" || (typing && key === "Enter"))) {
      control.blur(); // takes the number
    } else if (ARROWS.includes(key)) {
      if (this.byTab && control?.matches("input")) return;
      event.preventDefault(); // do not scroll
      if (typing) control.blur();
      if (!event.repeat) this.down(key);
    } else if (key === " ") {
      if (this.byTab && control) return;
      event.preventDefault();
      if (!event.repeat) this.command(key);
    } else if (!typing) {
      this.command(key.toLowerCase());
    }
  }

  down(arrow) {
    this.pressed.add(arrow);
    this.press();
  }

  // A button of the touch pad, which names its arrow.
  listenTo(button) {
    const arrow = button.dataset.key;
    const release = () => {
      this.pressed.delete(arrow);
      button.classList.remove("pressed");
    };
    button.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      button.classList.add("pressed");
      this.down(arrow);
    });
    ["pointerup", "pointercancel", "lostpointercapture"].forEach(
      (name) => button.addEventListener(name, release));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }
}
