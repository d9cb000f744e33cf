// The road from above with cars on it.
import { Canvas } from "canvas.js";
import { theme } from "article/theme.js";

export class RoadMap {
  // `changed` is called when it must be drawn again.
  constructor(element, changed) {
    this.canvas = new Canvas(element, changed);
    this.cache = { key: null, image: null };
  }

  // Draws the road and the path of the car, which is `share` of the way from its last but one
  // position to its last, with the square that its camera sees.
  draw(track, reach, path, share) {
    const { canvas } = this;
    const context = canvas.begin();
    const { width, height, ratio } = canvas;
    const scale = Math.min(width, height) / (2 * track.extent);
    context.drawImage(this.road(track, scale), 0, 0, width, height);
    const zoom = ratio * scale;
    context.setTransform(zoom, 0, 0, -zoom, ratio * width / 2, ratio * height / 2);
    const last = path.at(-1);
    const before = path.at(-2) ?? last;
    const between = (name) => before[name] + (last[name] - before[name]) * share;
    const car = { x: between("x"), y: between("y"), theta: between("theta") };
    context.beginPath();
    path.slice(0, -1).forEach(({ x, y }) => context.lineTo(x, y));
    context.lineTo(car.x, car.y);
    context.lineJoin = "round";
    context.strokeStyle = theme.real;
    context.lineWidth = 2.5 / scale;
    context.stroke();
    context.translate(car.x, car.y);
    context.rotate(car.theta);
    context.strokeStyle = theme.ink;
    context.lineWidth = 1.2 / scale;
    context.setLineDash([4 / scale, 3 / scale]);
    context.strokeRect(-reach, -reach, 2 * reach, 2 * reach);
    context.setLineDash([]);
    context.beginPath();
    [[0.85, 0], [-0.6, 0.5], [-0.3, 0], [-0.6, -0.5]].forEach((p) => context.lineTo(...p));
    context.closePath();
    context.fillStyle = theme.ink;
    context.strokeStyle = theme.card;
    context.lineWidth = 1.5 / scale;
    context.fill();
    context.stroke();
  }

  // An image of the road, which changes with the track, the size and the theme only.
  road(track, scale) {
    const { element, ratio } = this.canvas;
    const key = [element.width, element.height, ratio, theme.grass].join();
    if (this.cache.track === track && this.cache.key === key) return this.cache.image;
    const image = document.createElement("canvas");
    [image.width, image.height] = [element.width, element.height];
    const context = image.getContext("2d");
    context.fillStyle = theme.grass;
    context.fillRect(0, 0, image.width, image.height);
    const zoom = ratio * scale;
    context.setTransform(zoom, 0, 0, -zoom, image.width / 2, image.height / 2);
    context.beginPath();
    track.x.forEach((x, i) => context.lineTo(x, track.y[i]));
    context.closePath();
    context.lineJoin = "round";
    context.lineWidth = 2 * track.halfWidth;
    context.strokeStyle = theme.road;
    context.stroke();
    context.lineWidth = 1.2 / scale;
    context.setLineDash([0.5, 0.5]);
    context.strokeStyle = theme.centre;
    context.stroke();
    this.cache = { track, key, image };
    return image;
  }
}
