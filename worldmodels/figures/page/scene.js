// The track with the car on it, and frames: the car's view, V's reconstruction, the dream.
import { mixCars } from "interpolation.js";

function rgb(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// Draws pixels in [0, 1] on a canvas element of the same size. A frame with one channel is drawn
// from the colour of grass (0) to the colour of the road (1).
export function drawFrame(element, pixels, [height, width, channels], theme) {
  if (element.width !== width || element.height !== height) {
    element.width = width;
    element.height = height;
  }
  const context = element.getContext("2d");
  const image = context.createImageData(width, height);
  const [off, on] = [rgb(theme.grass), rgb(theme.road)];
  for (let at = 0; at < width * height; at++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * at + c] = channels === 3
        ? 255 * pixels[3 * at + c]
        : off[c] + (on[c] - off[c]) * pixels[at];
    }
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// The last image of the road, which changes with the track, the size and the theme only.
let cache = { track: null, key: null, image: null };

function roadImage(canvas, track, theme, scale) {
  const key = [canvas.element.width, canvas.ratio, theme.grass];
  if (cache.track === track && String(cache.key) === String(key)) return cache.image;
  const image = document.createElement("canvas");
  [image.width, image.height] = [canvas.element.width, canvas.element.height];
  const context = image.getContext("2d");
  context.fillStyle = theme.grass;
  context.fillRect(0, 0, image.width, image.height);
  context.setTransform(
    canvas.ratio * scale, 0, 0, -canvas.ratio * scale, image.width / 2, image.height / 2);
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
  cache = { track, key, image };
  return image;
}

// Draws the road, the path of the car, the square that the camera sees, and the car, which is
// `share` of the way from its last but one position to its last; before it the same of a rival,
// whose path is as long or, if its episode is over, shorter.
export function drawTrack(canvas, track, path, rivalPath, reach, share, theme) {
  const context = canvas.begin();
  const { width, height, ratio } = canvas;
  const scale = width / (2 * track.extent);
  context.drawImage(roadImage(canvas, track, theme, scale), 0, 0, width, height);
  const zoom = ratio * scale;
  context.setTransform(zoom, 0, 0, -zoom, ratio * width / 2, ratio * height / 2);
  context.lineJoin = "round";
  if (rivalPath) {
    const rivalShare = rivalPath.length < path.length ? 1 : share;
    const rival = drawPath(context, rivalPath, rivalShare, theme.controller, 1.5 / scale);
    drawCar(context, rival, theme.controller, theme, scale);
  }
  const car = drawPath(context, path, share, theme.real, 2.5 / scale);
  context.save();
  context.translate(car.x, car.y);
  context.rotate(car.theta);
  context.strokeStyle = theme.ink;
  context.lineWidth = 1.2 / scale;
  context.setLineDash([4 / scale, 3 / scale]);
  context.strokeRect(-reach, -reach, 2 * reach, 2 * reach);
  context.restore();
  drawCar(context, car, theme.ink, theme, scale);
}

// Draws a path up to the car's place, and returns that.
function drawPath(context, path, share, colour, lineWidth) {
  const car = mixCars(path.at(-2) ?? path.at(-1), path.at(-1), share);
  context.beginPath();
  path.slice(0, -1).forEach(({ x, y }) => context.lineTo(x, y));
  context.lineTo(car.x, car.y);
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.stroke();
  return car;
}

function drawCar(context, { x, y, theta }, colour, theme, scale) {
  context.save();
  context.translate(x, y);
  context.rotate(theta);
  context.beginPath();
  [[0.75, 0], [-0.5, 0.45], [-0.25, 0], [-0.5, -0.45]].forEach((p) => context.lineTo(...p));
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = theme.card;
  context.lineWidth = 1.5 / scale;
  context.fill();
  context.stroke();
  context.restore();
}
