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

function held(id) {
  const holder = element(id);
  const bytes = bytesOf(holder ? holder.textContent : window.MODEL);
  if (holder) holder.remove();
  window.MODEL = undefined;
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
  return async (values) => {
    const input = new ort.Tensor("float32", values, [1, 3, NOTE.size, NOTE.size]);
    const made = await session.run({ pixels: input });
    return made.logits.data;
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
  return shares(await network(prepared(pixels, NOTE)), NOTE);
}

async function askPicture(file) {
  const picture = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  let pixels = pixelsOf(picture, picture.width, picture.height);
  picture.close();
  if (file.type === "image/jpeg") pixels = shrunk(pixels, 4 * NOTE.size);
  return sharesOf(pixels);
}

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
  stopCamera();
  if (!network || !file) return;
  say("Looking …");
  try {
    const values = await askPicture(file);
    if (shown) URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(file);
    element("picture").src = shown;
    element("picture").alt = file.name || "the picture";
    element("picture").hidden = false;
    show(values);
    say("");
  } catch (error) {
    console.error(error);
    say("This is not a picture the browser can read. Save it as JPEG or PNG.", "bad");
  }
}

let camera = null;

function stopCamera() {
  if (!camera) return;
  camera.getTracks().forEach((track) => track.stop());
  camera = null;
  element("video").hidden = true;
  element("camera").textContent = "Use the camera";
}

async function startCamera() {
  if (camera) return stopCamera();
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    console.error(error);
    return say("The camera cannot be used: it is missing, in use, or the browser does not allow it for this page.", "bad");
  }
  const video = element("video");
  video.srcObject = camera;
  video.hidden = false;
  element("picture").hidden = true;
  element("camera").textContent = "Stop the camera";
  say("");
  await video.play();
  while (camera) {
    if (video.videoWidth) show(await sharesOf(pixelsOf(video, video.videoWidth, video.videoHeight)));
    await new Promise((go) => setTimeout(go, 50));
  }
}

const ready = begin().then(
  (made) => {
    network = made;
    element("file").disabled = element("camera").disabled = false;
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
element("camera").addEventListener("click", startCamera);
element("camera").hidden = !(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
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
  const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
  if (file) take(file);
});
