// Wires everything together.
const marks = new Pins(byId('marks'), data.marks);
const holds = new Pins(byId('holds'), data.held);

function redraw() { timeline.measure(); drawRibbon(); }

timeline.listeners.push(() => { close(); marks.group(); holds.group(); });
byId('zoom-in').addEventListener('click', () => timeline.zoom(1.8));
byId('zoom-out').addEventListener('click', () => timeline.zoom(1 / 1.8));
byId('zoom-fit').addEventListener('click', () => timeline.zoom(0));

let drawn = 0;
timeline.scroll.addEventListener('scroll', () => {
  cancelAnimationFrame(drawn);
  drawn = requestAnimationFrame(() => { timeline.draw(); marks.render(); holds.render(); });
}, { passive: true });
for (const kind of ['wheel', 'pointerdown', 'touchmove', 'keydown']) {
  timeline.scroll.addEventListener(kind, () => { timeline.touched = performance.now(); }, { passive: true });
}
timeline.scroll.addEventListener('wheel', (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const x = event.clientX - timeline.track.getBoundingClientRect().left;
  timeline.zoom(Math.exp(-event.deltaY / 250), timeline.ms(x));
}, { passive: false });
timeline.track.addEventListener('click', (event) => {
  if (event.target.closest('.pin')) return;
  player.seek(timeline.ms(event.clientX - timeline.track.getBoundingClientRect().left));
});

for (const kind of ['wheel', 'touchmove']) {
  window.addEventListener(kind, () => { scrolled = performance.now(); }, { passive: true });
}
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') leave(); });
document.addEventListener('pointerdown', (event) => {
  if (!card.contains(event.target) && !event.target.closest('.pin')) close();
});
card.addEventListener('pointerleave', () => closeSoon());
document.querySelector('.moments')?.addEventListener('click', (event) => {
  const time = event.target.closest('[data-at]');
  if (time) player.seek(Number(time.dataset.at));
});

const seek = byId('seek'), play = byId('play');
seek.addEventListener('input', () => player.seek(Number(seek.value)));
play.addEventListener('click', () => player.toggle());
byId('rate').addEventListener('click', () => player.faster());
player.listeners.push((ms, jumped) => {
  seek.value = ms;
  if (byId('now').textContent !== clock(ms)) {
    byId('now').textContent = clock(ms);
    seek.setAttribute('aria-valuetext', clock(ms));
  }
  if (play.classList.toggle('playing', player.playing)) play.setAttribute('aria-label', 'Pause');
  else play.setAttribute('aria-label', 'Play');
  timeline.follow(ms, jumped);
  light(ms, jumped);
});

let width = 0;
new ResizeObserver(() => {
  if (timeline.scroll.clientWidth !== width) { width = timeline.scroll.clientWidth; redraw(); }
}).observe(timeline.scroll);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
let before = 0;
// On paper: the light colours, and the whole meeting.
window.addEventListener('beforeprint', () => {
  document.documentElement.classList.add('printed');
  before = timeline.scale;
  timeline.measure();
  timeline.zoom(0);
});
window.addEventListener('afterprint', () => {
  document.documentElement.classList.remove('printed');
  timeline.scale = before;
  redraw();
});

redraw();
setTimeout(() => player.load(), 0);
