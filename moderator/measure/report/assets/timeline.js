// Lanes of who spoke when: a canvas as wide as the window, drawn anew as its track scrolls.
const AXIS = 24, BAR = 12, WIDEST = 16000000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

const timeline = {
  scroll: byId('scroll'), track: byId('track'), canvas: byId('lanes'), cursor: byId('cursor'),
  scale: 0, width: 0, row: 30, labels: false, touched: -Infinity, listeners: [],

  get fit() { return (this.width - 16) / data.end; },
  get rows() { return data.lanes.length; },
  get left() { return this.scroll.scrollLeft; },
  x(ms) { return 8 + ms * this.scale; },
  ms(x) { return clamp((x - 8) / this.scale, 0, data.end); },
  // Where the buttons of decisions (0) and of held-back moments (1) begin.
  pins(row) { return this.top(this.rows + row) + this.row - 29; },
  top(row) { return AXIS + row * this.row; },

  measure() {
    this.width = this.scroll.clientWidth;
    this.labels = getComputedStyle(byId('names')).display === 'none';
    this.row = this.labels ? 38 : 30;
    const before = this.scale;
    if (!before) this.scale = Math.max(this.fit, 0.001 * (this.labels ? 1.5 : 1));
    this.scale = Math.max(this.scale, this.fit);
    byId('marks').style.top = `${this.pins(0)}px`;
    byId('holds').style.top = `${this.pins(1)}px`;
    this.height = this.top(this.rows + 2) + 2;
    this.resize();
  },

  resize() {
    this.track.style.width = `${Math.ceil(data.end * this.scale) + 16}px`;
    this.track.style.height = `${this.height}px`;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.draw();
    this.place(player.at);
    for (const listener of this.listeners) listener();
  },

  zoom(factor, at = null) {
    const middle = this.left + this.width / 2, cursor = this.x(player.at);
    const seen = cursor >= this.left && cursor <= this.left + this.width;
    const fixed = at ?? (seen ? player.at : this.ms(middle));
    const offset = this.x(fixed) - this.left;
    const most = Math.max(this.fit, Math.min(0.3, WIDEST / data.end));
    this.scale = clamp(this.scale * factor, this.fit, most);
    this.resize();
    this.scroll.scrollLeft = this.x(fixed) - offset;
  },

  show(ms, share = 0.5) { this.scroll.scrollLeft = this.x(ms) - share * this.width; },

  place(ms) { this.cursor.style.transform = `translateX(${this.x(ms)}px)`; },

  follow(ms, jumped) {
    this.place(ms);
    const x = this.x(ms) - this.left, inside = x >= 0.02 * this.width && x <= 0.92 * this.width;
    if (inside || (!jumped && performance.now() - this.touched < 3000)) return;
    if (jumped && x >= 0 && x <= this.width) return;
    this.show(ms, 0.15);
  },

  draw() {
    const ratio = window.devicePixelRatio || 1, pen = this.canvas.getContext('2d');
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    const from = this.ms(this.left), to = this.ms(this.left + this.width);
    this.axis(pen, from, to);
    const band = tone('band'), foot = this.top(this.rows);
    this.spans(data.overlaps, from, to, (x, w) => {
      pen.fillStyle = band;
      pen.fillRect(x, AXIS, Math.max(w, 1), foot - AXIS);
    });
    data.lanes.forEach((lane, row) => this.lane(pen, lane, row, from, to));
    pen.fillStyle = tone('muted');
    for (const held of data.held) {
      if (held.to < from || held.at > to || (held.to - held.at) * this.scale < 6) continue;
      pen.fillRect(this.x(held.at) - this.left, this.pins(1) + 13, (held.to - held.at) * this.scale, 2);
    }
    if (this.labels) this.label(pen, 'decided', this.rows, 'muted', 12);
    if (this.labels) this.label(pen, 'held back', this.rows + 1, 'muted', 12);
  },

  lane(pen, lane, row, from, to) {
    const y = this.top(row) + (this.labels ? 20 : (this.row - BAR) / 2);
    pen.fillStyle = tone('rule');
    pen.fillRect(0, Math.round(y + BAR / 2), this.width, 1);
    pen.fillStyle = tone(lane.colour);
    pen.beginPath();
    const least = row === this.rows - 1 ? 2 : 0.6;  // the agent's turns are short and matter
    this.spans(lane.spans, from, to, (x, w) => {
      if (w > 4) pen.roundRect(x, y, w, BAR, 2); else pen.rect(x, y, Math.max(w, least), BAR);
    });
    pen.fill();
    if (this.labels) this.label(pen, lane.name, row, lane.colour, 13);
  },

  label(pen, text, row, colour, dy) {
    pen.font = `12px ${tone('sans')}`;
    pen.lineWidth = 4;
    pen.strokeStyle = tone('paper');
    pen.fillStyle = tone(colour);
    pen.textAlign = 'left';
    pen.strokeText(text, 8, this.top(row) + dy, this.width - 16);
    pen.fillText(text, 8, this.top(row) + dy, this.width - 16);
  },

  axis(pen, from, to) {
    const step = 1000 * (STEPS.find((s) => s * 1000 * this.scale >= 72) || 14400);
    pen.font = `11px ${tone('sans')}`;
    pen.textBaseline = 'alphabetic';
    for (let t = Math.floor(from / step) * step; t <= to; t += step) {
      const x = this.x(t) - this.left, last = x > this.width - 40;
      pen.fillStyle = tone('rule');
      pen.fillRect(Math.round(x), AXIS - 5, 1, this.height - AXIS);
      pen.fillStyle = tone('muted');
      pen.textAlign = t === 0 ? 'left' : last ? 'right' : 'center';
      pen.fillText(clock(t), t === 0 ? Math.max(x - 4, 2) : Math.min(x, this.width - 2), 12);
    }
  },

  // Calls paint(x, width) for each span, a flat list of begin, end, …, that is seen.
  spans(flat, from, to, paint) {
    let low = 0, high = flat.length / 2;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (flat[2 * mid + 1] >= from) high = mid; else low = mid + 1;
    }
    for (let i = 2 * low; i < flat.length && flat[i] <= to; i += 2) {
      paint(this.x(flat[i]) - this.left, (flat[i + 1] - flat[i]) * this.scale);
    }
  },
};

// How much of each of `bins` equal parts of the meeting a lane's voice fills, in [0, 1].
function filled(spans, bins) {
  const parts = new Float64Array(bins), size = data.end / bins;
  for (let i = 0; i < spans.length; i += 2) {
    const end = Math.min(spans[i + 1], data.end);
    for (let b = Math.floor(spans[i] / size); b < bins && b * size < end; b++) {
      parts[b] += Math.max(Math.min(end, (b + 1) * size) - Math.max(spans[i], b * size), 0) / size;
    }
  }
  return parts;
}

// The whole meeting on one strip below the controls: everybody's talk, stacked, the agent's first.
function drawRibbon() {
  const canvas = byId('ribbon'), ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight, pen = canvas.getContext('2d');
  const bins = Math.max(Math.floor(width), 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = tone('wash');
  pen.fillRect(0, 0, width, height);
  const lanes = [...data.lanes].reverse(), parts = lanes.map((lane) => filled(lane.spans, bins));
  const tones = lanes.map((lane) => tone(lane.colour));
  for (let b = 0; b < bins; b++) {
    const unit = height / Math.max(parts.reduce((sum, part) => sum + part[b], 0), 1);
    let foot = height;
    parts.forEach((part, row) => {
      if (!part[b]) return;
      pen.fillStyle = tones[row];
      pen.fillRect(b, foot - part[b] * unit, 1, part[b] * unit);
      foot -= part[b] * unit;
    });
  }
}
