// The meeting's time: sound where there is some, else a clock of its own. Times are milliseconds.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId('data').textContent);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

function clock(ms) {
  const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

// The first index whose value, by `key`, is greater than x.
function after(list, x, key) {
  let low = 0, high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (key(list[mid]) > x) high = mid; else low = mid + 1;
  }
  return low;
}

function tone(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

const RATES = [1, 1.25, 1.5, 2, 3];

const player = {
  audio: byId('audio'),
  at: 0,
  playing: false,
  rate: 1,
  wished: null,
  listeners: [],

  load() {
    const held = byId('sound');
    if (!this.audio) return;
    if (held) {
      const bytes = Uint8Array.from(atob(held.textContent), (c) => c.charCodeAt(0));
      held.textContent = '';
      this.audio.src = URL.createObjectURL(new Blob([bytes], { type: 'audio/mpeg' }));
    }
    this.audio.addEventListener('error', () => this.lose());
    this.audio.addEventListener('ended', () => this.pause());
    this.audio.addEventListener('pause', () => { if (this.playing) this.pause(); });
    this.audio.addEventListener('loadedmetadata', () => {
      if (this.wished !== null) this.audio.currentTime = this.wished / 1000;
      this.wished = null;
    });
    if (this.audio.error) this.lose();
  },

  // The sound cannot be played: go on without.
  lose() {
    const name = this.audio.getAttribute('src') || '';
    const file = name.startsWith('blob:') ? 'The sound' : `${name}, which belongs beside this page,`;
    byId('hint').textContent = `${file} cannot be played here; playing moves through the words.`;
    byId('hint').hidden = false;
    this.audio = null;
  },

  seek(ms) {
    this.at = clamp(ms, 0, data.end);
    if (this.audio && this.audio.readyState > 0) this.audio.currentTime = this.at / 1000;
    else this.wished = this.at;
    this.tell(true);
  },

  toggle() { if (this.playing) this.pause(); else this.play(); },

  async play() {
    if (this.at >= data.end - 50) this.seek(0);
    this.playing = true;
    this.last = performance.now();
    this.tell(false);
    if (this.audio) {
      this.audio.playbackRate = this.rate;
      try { await this.audio.play(); } catch (error) {
        if (error.name !== 'AbortError' && this.audio) this.pause();
      }
    }
    requestAnimationFrame((now) => this.step(now));
  },

  pause() {
    this.playing = false;
    if (this.audio) this.audio.pause();
    this.tell(false);
  },

  step(now) {
    if (!this.playing) return;
    // Sound that ends before the meeting does leaves the rest to the clock.
    if (this.audio && !this.audio.ended) {
      if (this.audio.readyState > 0 && this.wished === null) this.at = this.audio.currentTime * 1000;
    } else {
      this.at += (now - this.last) * this.rate;
    }
    this.last = now;
    this.at = Math.min(this.at, data.end);
    this.tell(false);
    if (this.at >= data.end) { this.pause(); return; }
    requestAnimationFrame((next) => this.step(next));
  },

  faster() {
    this.rate = RATES[(RATES.indexOf(this.rate) + 1) % RATES.length];
    if (this.audio) this.audio.playbackRate = this.rate;
    byId('rate').textContent = `${this.rate}×`;
  },

  tell(jumped) { for (const listener of this.listeners) listener(this.at, jumped); },
};
