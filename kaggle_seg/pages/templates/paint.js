// What lies over a tile's image. Orange and blue are told apart by colour-blind people too, and white by its brightness
// (Okabe and Ito, Color Universal Design).

// Red, green, blue and opacity as the one number that they are in a canvas's memory.
function asWord(...channels) {
  return new Uint32Array(Uint8ClampedArray.from(channels).buffer)[0];
}

const NOTHING = asWord(0, 0, 0, 0);
const MASK = asWord(86, 180, 233, 140);
const RIM = asWord(255, 230, 0, 255), SHADOW = asWord(0, 0, 0, 200);
const BOTH = asWord(255, 255, 255, 120), ONLY_OWN = asWord(0, 114, 200, 230), ONLY_OTHER = asWord(230, 130, 0, 230);

// From black over purple and orange to pale yellow, ever brighter (as matplotlib's inferno), for probabilities.
const HEAT = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];
const HEAT_COLOURS = Array.from({ length: LEVELS }, (_, level) => heatColour(level));

function heatColour(level) {
  const place = (level / (LEVELS - 1)) * (HEAT.length - 1);
  const lower = Math.min(Math.floor(place), HEAT.length - 2), share = place - lower;
  return asWord(...HEAT[lower].map((value, channel) => value + (HEAT[lower + 1][channel] - value) * share), 235);
}

// Puts the colour of each pixel into `colours`, by what is looked at.
function colour(colours, view, { mask, other, levels, size }) {
  if (view === "image" || (view === "heat" && !levels)) colours.fill(NOTHING);
  else if (view === "heat") colours.forEach((_, at) => { colours[at] = HEAT_COLOURS[levels[at]]; });
  else if (view === "difference" && other) colourDifference(colours, mask, other);
  else if (view === "outline") findRims(mask, size).forEach((rim, at) => { colours[at] = [NOTHING, RIM, SHADOW][rim]; });
  else mask.forEach((building, at) => { colours[at] = building ? MASK : NOTHING; });
}

function colourDifference(colours, own, other) {
  for (let at = 0; at < colours.length; at += 1) {
    if (own[at]) colours[at] = other[at] ? BOTH : ONLY_OWN;
    else colours[at] = other[at] ? ONLY_OTHER : NOTHING;
  }
}

function paint(canvas, view, drawn) {
  const { height, width } = drawn.size;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  colour(new Uint32Array(pixels.data.buffer), view, drawn);
  context.putImageData(pixels, 0, 0);
}
