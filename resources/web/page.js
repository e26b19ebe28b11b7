// The page itself: everything it needs is in it, and nothing leaves it. Words of people become text, never markup.
"use strict";

const NOTE = JSON.parse(document.getElementById("note").textContent);
const element = (id) => document.getElementById(id);
const MOST_BARS = 10;
const LONGEST_SIDE = 8192;

function bytesOf(base64) {
  const text = base64.trim();
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const step = 1 << 20; // a multiple of 4: pieces are decoded by themselves
  let to = 0;
  for (let from = 0; from < text.length; from += step) {
    const piece = atob(text.slice(from, from + step));
    for (let n = 0; n < piece.length; n++) bytes[to++] = piece.charCodeAt(n);
  }
  return bytes;
}

// What lies in the page under this name; a large network lies beside it and has put itself into the window.
function held(id) {
  const holder = element(id);
  const bytes = bytesOf(holder ? holder.textContent : window.MODEL);
  if (holder) holder.remove();
  else delete window.MODEL;
  return bytes;
}

async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function begin() {
  const program = URL.createObjectURL(new Blob([held("runtime")], { type: "text/javascript" }));
  const ort = await import(program);
  URL.revokeObjectURL(program);
  ort.env.wasm.numThreads = 1; // more need a server with special headers
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  ort.env.wasm.wasmBinary = await unpacked(held("wasm"));
  const session = await ort.InferenceSession.create(held("model"), { executionProviders: ["wasm"] });
  return async (values, ...shape) => {
    const input = new ort.Tensor("float32", values, [1, ...shape]);
    const made = await session.run({ [session.inputNames[0]]: input });
    return Array.from(made.logits.data);
  };
}

// Pixels of anything that can be drawn; what is see-through becomes white.
function pixelsOf(source, width, height) {
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.fillStyle = "white";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(source, 0, 0, canvas.width, canvas.height);
  return brush.getImageData(0, 0, canvas.width, canvas.height);
}

let network = null;

async function sharesOf(pixels) {
  return shares(await network(prepared(pixels, NOTE), 3, NOTE.size, NOTE.size), NOTE);
}

async function askPicture(file) {
  const picture = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  let pixels = pixelsOf(picture, picture.width, picture.height);
  picture.close();
  if (file.type === "image/jpeg") pixels = shrunk(pixels, 4 * NOTE.size);
  return sharesOf(pixels);
}

async function askSound(file) {
  const bytes = await file.arrayBuffer();
  const own = rateOf(new Uint8Array(bytes)) || NOTE.sample_rate;
  const heard = await new OfflineAudioContext(1, 1, own).decodeAudioData(bytes);
  let sound = new Float32Array(heard.length);
  for (let channel = 0; channel < heard.numberOfChannels; channel++) {
    const data = heard.getChannelData(channel);
    for (let n = 0; n < data.length; n++) sound[n] += data[n] / heard.numberOfChannels;
  }
  sound = atRate(sound, own, NOTE.sample_rate);
  const rows = [];
  for (const piece of cut(sound, NOTE.sample_rate * NOTE.window_seconds)) {
    rows.push(await network(piece, piece.length));
    say("Listening: " + clockOf(rows.length * NOTE.window_seconds));
    await new Promise((go) => setTimeout(go, 0));
  }
  return shares(mean(rows), NOTE);
}

function clockOf(seconds) {
  return Math.floor(seconds / 60) + ":" + String(Math.floor(seconds % 60)).padStart(2, "0");
}

// What differs between the kinds of things that are asked about.
const KINDS = {
  picture: { ask: askPicture, show: "picture", noun: "picture", live: "Use the camera", as: "Save it as JPEG or PNG." },
  sound: { ask: askSound, show: "sound", noun: "recording", live: "Use the microphone", as: "Save it as WAV or MP3." },
};
const KIND = KINDS[NOTE.media];

function say(words, kind) {
  element("state").textContent = words;
  element("state").dataset.kind = kind || "";
}

let last = null;

function show(values) {
  last = values;
  element("answer").textContent = answerOf(values, NOTE);
  const order = values.map((_, n) => n).sort((a, b) => values[b] - values[a]);
  const rows = order.slice(0, MOST_BARS).map((n) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const number = document.createElement("span");
    name.textContent = NOTE.labels[n];
    name.className = "name";
    bar.max = 1;
    bar.value = values[n];
    bar.setAttribute("aria-label", NOTE.labels[n]);
    number.textContent = (100 * values[n]).toFixed(1) + " %";
    number.className = "number";
    if (NOTE.thresholds && values[n] >= NOTE.thresholds[n]) row.className = "counts";
    row.append(name, bar, number);
    return row;
  });
  element("bars").replaceChildren(...rows);
}

let shown = "";

async function take(file) {
  stopLive();
  if (!network || !file) return;
  say("One moment …");
  try {
    const values = await KIND.ask(file);
    if (shown) URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(file);
    element(KIND.show).src = shown;
    element(KIND.show).setAttribute("aria-label", file.name || KIND.noun);
    element(KIND.show).hidden = false;
    show(values);
    say("");
  } catch (error) {
    console.error(error);
    say(`This is not a ${KIND.noun} the browser can read. ${KIND.as}`, "bad");
  }
}

let live = null;
let recorder = null;

function stopLive() {
  if (!live) return;
  if (recorder && recorder.state !== "inactive") recorder.stop();
  live.getTracks().forEach((track) => track.stop());
  live = null;
  element("video").hidden = true;
  element("live").textContent = KIND.live;
}

async function startLive() {
  if (live) return stopLive();
  const wanted = NOTE.media === "sound" ? { audio: true } : { video: { facingMode: "environment" } };
  try {
    live = await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    console.error(error);
    return say("It cannot be used: it is missing, in use, or the browser does not allow it for this page.", "bad");
  }
  element("live").textContent = "Stop";
  say("");
  await (NOTE.media === "sound" ? record() : watch());
}

async function watch() {
  const video = element("video");
  video.srcObject = live;
  video.hidden = false;
  element("picture").hidden = true;
  await video.play();
  while (live) {
    if (video.videoWidth) show(await sharesOf(pixelsOf(video, video.videoWidth, video.videoHeight)));
    await new Promise((go) => setTimeout(go, 50));
  }
}

async function record() {
  const parts = [];
  recorder = new MediaRecorder(live);
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => take(new Blob(parts, { type: recorder.mimeType })));
  recorder.start();
  say("Recording …");
}

const ready = begin().then(
  (made) => {
    network = made;
    element("file").disabled = element("live").disabled = false;
    document.body.dataset.state = "ready";
    say("");
  },
  (error) => {
    console.error(error);
    document.body.dataset.state = "failed";
    say("The model cannot start in this browser. Use a newer one (Chrome, Edge, Firefox 113, Safari 16.4 or later).", "bad");
  },
);

element("file").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
element("live").addEventListener("click", startLive);
element("live").textContent = KIND.live;
element("live").hidden = !(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
const drop = element("drop");
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((f) => f.type.startsWith(NOTE.media === "sound" ? "audio/" : "image/"));
  if (file) take(file);
});
