// The road with the car on it, and pictures: what is seen, kept and dreamt.

function rgb(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// Pixels in [0, 1] on a canvas of as many; with one channel from the colour of grass to the road's.
export function drawPicture(canvas, pixels, [height, width, channels], theme) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
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

// The road from above, north up, painted once for each road, size and theme.
let laid = { track: null, key: null, canvas: null };

function road(sheet, track, theme, scale) {
  const key = [sheet.canvas.width, sheet.ratio, theme.grass];
  if (laid.track === track && String(laid.key) === String(key)) return laid.canvas;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [sheet.canvas.width, sheet.canvas.height];
  const context = canvas.getContext("2d");
  context.fillStyle = theme.grass;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(
    sheet.ratio * scale, 0, 0, -sheet.ratio * scale, canvas.width / 2, canvas.height / 2);
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
  laid = { track, key, canvas };
  return canvas;
}

// Road, trail, the square that the camera sees, and the car, `share` of the way to its last place.
export function drawTrack(sheet, track, trail, reach, share, theme) {
  const context = sheet.begin();
  const { width, height, ratio } = sheet;
  const scale = width / (2 * track.extent);
  context.drawImage(road(sheet, track, theme, scale), 0, 0, width, height);
  const last = trail[trail.length - 1];
  const before = trail[trail.length - 2] ?? last;
  const between = (key) => before[key] + (last[key] - before[key]) * share;
  const car = { x: between("x"), y: between("y"), theta: between("theta") };
  const zoom = ratio * scale;
  context.setTransform(zoom, 0, 0, -zoom, ratio * width / 2, ratio * height / 2);
  context.lineJoin = "round";
  context.beginPath();
  trail.slice(0, -1).forEach(({ x, y }) => context.lineTo(x, y));
  context.lineTo(car.x, car.y);
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
  [[0.75, 0], [-0.5, 0.45], [-0.25, 0], [-0.5, -0.45]].forEach((p) => context.lineTo(...p));
  context.closePath();
  context.fillStyle = theme.ink;
  context.strokeStyle = theme.card;
  context.lineWidth = 1.5 / scale;
  context.fill();
  context.stroke();
}
