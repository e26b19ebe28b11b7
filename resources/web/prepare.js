// Pictures as the network was taught to see them: the same whole-number arithmetic as Pillow's resampling, so that a page
// sees what the app sees. Pixels are RGBA bytes, row after row; only red, green and blue are used.
"use strict";

const PRECISION = 22;

function filterOf(name) {
  if (name === "bicubic") {
    const a = -0.5;
    return {
      reach: 2,
      at: (x) => {
        x = Math.abs(x);
        if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
        if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
        return 0;
      },
    };
  }
  return { reach: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };
}

// For every place of the result: the first place it is made of, and whole-number weights.
function weightsOf(from, to, name) {
  const filter = filterOf(name);
  const scale = from / to;
  const spread = Math.max(1, scale);
  const reach = filter.reach * spread;
  const found = [];
  for (let place = 0; place < to; place++) {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(from, Math.trunc(centre + reach + 0.5));
    const shares = [];
    let sum = 0;
    for (let x = first; x < last; x++) {
      const share = filter.at((x - centre + 0.5) / spread);
      shares.push(share);
      sum += share;
    }
    const whole = new Int32Array(shares.length);
    for (let n = 0; n < shares.length; n++) {
      const value = (sum === 0 ? 0 : shares[n] / sum) * (1 << PRECISION);
      whole[n] = Math.trunc(value < 0 ? value - 0.5 : value + 0.5);
    }
    found.push({ first: first, weights: whole });
  }
  return found;
}

function asByte(sum) {
  const value = sum >> PRECISION;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

// {width, height, data} in another size: first along the rows, then along the columns.
function resized(picture, width, height, name) {
  const half = 1 << (PRECISION - 1);
  const across = weightsOf(picture.width, width, name);
  const wide = new Uint8Array(width * picture.height * 4);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < width; x++) {
      const weights = across[x].weights;
      let at = (y * picture.width + across[x].first) * 4;
      let red = half, green = half, blue = half;
      for (let n = 0; n < weights.length; n++, at += 4) {
        red += picture.data[at] * weights[n];
        green += picture.data[at + 1] * weights[n];
        blue += picture.data[at + 2] * weights[n];
      }
      const to = (y * width + x) * 4;
      wide[to] = asByte(red);
      wide[to + 1] = asByte(green);
      wide[to + 2] = asByte(blue);
      wide[to + 3] = 255;
    }
  }
  const down = weightsOf(picture.height, height, name);
  const made = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const weights = down[y].weights;
    for (let x = 0; x < width; x++) {
      let at = (down[y].first * width + x) * 4;
      let red = half, green = half, blue = half;
      for (let n = 0; n < weights.length; n++, at += 4 * width) {
        red += wide[at] * weights[n];
        green += wide[at + 1] * weights[n];
        blue += wide[at + 2] * weights[n];
      }
      const to = (y * width + x) * 4;
      made[to] = asByte(red);
      made[to + 1] = asByte(green);
      made[to + 2] = asByte(blue);
      made[to + 3] = 255;
    }
  }
  return { width: width, height: height, data: made };
}

// A half goes to the even neighbour, as in Python.
function rounded(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}

// Large photos (JPEG) are decoded at a half, a quarter or an eighth by the app; here the mean of so many points.
function shrunk(picture, side) {
  const most = Math.min(Math.floor(picture.width / side), Math.floor(picture.height / side));
  const by = [8, 4, 2, 1].find((step) => most >= step) || 1;
  if (by === 1) return picture;
  const width = Math.ceil(picture.width / by), height = Math.ceil(picture.height / by);
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sums = [0, 0, 0];
      let count = 0;
      for (let v = y * by; v < Math.min(picture.height, (y + 1) * by); v++) {
        for (let u = x * by; u < Math.min(picture.width, (x + 1) * by); u++, count++) {
          const at = (v * picture.width + u) * 4;
          for (let c = 0; c < 3; c++) sums[c] += picture.data[at + c];
        }
      }
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) data[to + c] = Math.round(sums[c] / count);
      data[to + 3] = 255;
    }
  }
  return { width: width, height: height, data: data };
}

// The network's input, Float32Array [3 × side × side]: the shorter side brought to size, the middle cut out, each colour's
// mean taken off and divided by its spread.
function prepared(picture, note) {
  const side = note.size;
  const scale = note.shorter_side / Math.min(picture.width, picture.height);
  const width = Math.max(side, rounded(picture.width * scale));
  const height = Math.max(side, rounded(picture.height * scale));
  const seen = resized(picture, width, height, note.interpolation);
  const left = Math.floor((width - side) / 2), top = Math.floor((height - side) / 2);
  const values = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const byte = seen.data[((y + top) * width + x + left) * 4 + c];
        values[(c * side + y) * side + x] = (byte / 255 - note.mean[c]) / note.std[c];
      }
    }
  }
  return values;
}

// A recording, Float32Array, in pieces of one length: side by side, the last one ending with it. A short one is repeated until
// it fills a piece, a very short one is followed by silence.
function cut(sound, size) {
  if (sound.length < size) {
    const piece = new Float32Array(size);
    const filled = sound.length >= Math.floor(size / 8);
    for (let n = 0; n < (filled ? size : sound.length); n++) piece[n] = sound[n % sound.length];
    return [piece];
  }
  const starts = [];
  for (let start = 0; start + size <= sound.length; start += size) starts.push(start);
  if (starts[starts.length - 1] + size < sound.length) starts.push(sound.length - size);
  return starts.map((start) => sound.slice(start, start + size));
}

// The rate (Hz) that a recording's file says it has; 0 where it is of a kind not known here. Browsers only decode at a rate
// they are given, and change it in ways of their own.
function rateOf(bytes) {
  const word = (at, length) => String.fromCharCode.apply(null, Array.from(bytes.slice(at, at + length)));
  const number = (at) => bytes[at] + bytes[at + 1] * 256 + bytes[at + 2] * 65536 + bytes[at + 3] * 16777216;
  if (word(0, 4) === "RIFF" && word(8, 4) === "WAVE") {
    for (let at = 12; at + 16 < bytes.length; ) {
      if (word(at, 4) === "fmt ") return number(at + 12);
      at += 8 + number(at + 4) + (number(at + 4) % 2);
    }
    return 0;
  }
  if (word(0, 4) === "fLaC") return bytes[18] * 4096 + bytes[19] * 16 + (bytes[20] >> 4);
  if (word(0, 4) === "OggS") {
    const head = word(0, 64);
    if (head.indexOf("OpusHead") >= 0) return 48000;
    const at = head.indexOf("\u0001vorbis");
    return at < 0 ? 0 : number(at + 12);
  }
  let at = 0;
  if (word(0, 3) === "ID3") at = 10 + (bytes[6] * 128 + bytes[7]) * 16384 + bytes[8] * 128 + bytes[9];
  for (const last = Math.min(bytes.length - 4, at + 4096); at < last; at++) {
    const version = (bytes[at + 1] >> 3) & 3, layer = (bytes[at + 1] >> 1) & 3, rate = (bytes[at + 2] >> 2) & 3;
    if (bytes[at] === 255 && bytes[at + 1] >= 224 && version !== 1 && layer === 1 && rate < 3) {
      return [44100, 48000, 32000][rate] / (version === 3 ? 1 : version === 2 ? 2 : 4);
    }
  }
  return 0;
}

function bessel(x) {
  let sum = 1, part = 1;
  for (let n = 1; n < 60; n++) {
    part *= (x / 2 / n) * (x / 2 / n);
    sum += part;
  }
  return sum;
}

// A recording, Float32Array, at another rate: SciPy's resample_poly (a low-pass of Kaiser's window, beta 5, that reaches over
// ten samples of the lower rate to each side).
function atRate(sound, own, rate) {
  let a = own, b = rate;
  while (b) [a, b] = [b, a % b];
  const up = rate / a, down = own / a;
  if (up === down) return sound;
  const most = Math.max(up, down), half = 10 * most;
  const filter = new Float64Array(2 * half + 1);
  let sum = 0;
  for (let n = 0; n <= 2 * half; n++) {
    const x = (n - half) / most, edge = (n - half) / half;
    const wave = n === half ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    filter[n] = wave * bessel(5 * Math.sqrt(Math.max(0, 1 - edge * edge)));
    sum += filter[n];
  }
  for (let n = 0; n <= 2 * half; n++) filter[n] *= up / sum;
  const made = new Float32Array(Math.ceil((sound.length * up) / down));
  for (let m = 0; m < made.length; m++) {
    const centre = half + m * down;
    const first = Math.max(0, Math.ceil((centre - 2 * half) / up));
    const last = Math.min(sound.length - 1, Math.floor(centre / up));
    let value = 0;
    for (let k = first; k <= last; k++) value += sound[k] * filter[centre - k * up];
    made[m] = value;
  }
  return made;
}

// The mean of several rows of numbers.
function mean(rows) {
  return rows[0].map((_, n) => rows.reduce((sum, row) => sum + row[n], 0) / rows.length);
}

// From the network's numbers to shares in 0..1, one for each label.
function shares(logits, note) {
  const values = Array.from(logits);
  if (note.activation === "sigmoid") {
    return values.map((v, n) => 1 / (1 + Math.exp(-(note.scales ? v * note.scales[n] + note.shifts[n] : v))));
  }
  const most = values.reduce((a, b) => Math.max(a, b));
  const parts = values.map((v) => Math.exp((v - most) / note.temperature));
  const sum = parts.reduce((a, b) => a + b);
  return parts.map((p) => p / sum);
}

// The answer in words: labels that count, the likeliest one, or that it is not sure (as was decided for this model).
function answerOf(values, note) {
  if (note.activation === "sigmoid") {
    // How sure it is of all labels together, given or not.
    const sure = values.reduce((all, v, n) => all * (v >= note.thresholds[n] ? v : 1 - v), 1);
    if (note.decision && sure < note.decision.sure_from) return "not sure";
    return note.labels.filter((_, n) => values[n] >= note.thresholds[n]).join(", ") || "none of them";
  }
  let best = values.indexOf(values.reduce((a, b) => Math.max(a, b)));
  const decided = note.decision;
  if (!decided) return note.labels[best];
  const own = note.labels.indexOf(decided.class);
  if (own >= 0 && values[own] >= decided.threshold) return note.labels[own];
  if (values[best] < decided.sure_from) return "not sure";
  if (own === best && values.length > 1) {
    const others = values.map((v, n) => (n === own ? -1 : v));
    best = others.indexOf(others.reduce((a, b) => Math.max(a, b)));
  }
  return note.labels[best];
}
