// Decisions and held-back moments: buttons over the lanes, near ones in one, only those in sight.
const card = byId('card');
const NEAR = 24, LISTED = 5;

function make(tag, text, cls) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (cls) element.className = cls;
  return element;
}

function sentence(entry) {
  const did = entry.did || 'held back';
  const wish = entry.did ? entry.purpose : entry.purpose && `from speaking ${entry.purpose}`;
  return `${did[0].toUpperCase()}${did.slice(1)}${wish ? ' ' + wish : ''}`;
}

function told(entry) { return `${clock(entry.at)} ${sentence(entry)}, because ${entry.because}`; }

class Pins {
  constructor(home, entries) {
    this.home = home;
    this.entries = entries;
    this.groups = [];
    this.shown = new Map();
    this.current = 0;
    home.addEventListener('keydown', (event) => this.key(event));
  }

  // Which entries share a button at this zoom.
  group() {
    this.groups = [];
    for (const entry of this.entries) {
      const x = timeline.x(entry.at), last = this.groups.at(-1);
      if (last && x - last.x < NEAR) { last.entries.push(entry); last.to = x; }
      else this.groups.push({ x, to: x, entries: [entry] });
    }
    this.home.replaceChildren();
    this.shown.clear();
    this.current = clamp(this.current, 0, Math.max(this.groups.length - 1, 0));
    this.render();
  }

  render() {
    const left = timeline.left - 50, right = timeline.left + timeline.width + 50;
    const first = Math.max(after(this.groups, left, (g) => g.x) - 1, 0);
    const seen = new Set();
    for (let i = first; i < this.groups.length && this.groups[i].x <= right; i++) seen.add(i);
    for (const [i, pin] of this.shown) {
      if (!seen.has(i) && pin !== document.activeElement) { pin.remove(); this.shown.delete(i); }
    }
    for (const i of seen) if (!this.shown.has(i)) this.add(i);
    if (!seen.has(this.current) && seen.size && !this.home.contains(document.activeElement)) {
      this.current = seen.values().next().value;
    }
    for (const [i, pin] of this.shown) pin.tabIndex = i === this.current ? 0 : -1;
  }

  add(i) {
    const group = this.groups[i], pin = make('button', '', 'pin'), count = group.entries.length;
    pin.type = 'button';
    pin.style.left = `${(group.x + group.to) / 2}px`;
    pin.setAttribute('aria-expanded', 'false');
    pin.setAttribute('aria-controls', 'card');
    pin.setAttribute('aria-label', count > 1
      ? `${count} moments from ${clock(group.entries[0].at)}` : told(group.entries[0]));
    pin.append(count > 1 ? make('span', String(count), 'count')
      : make('i', '', `mark ${group.entries[0].action || 'held'}`));
    pin.addEventListener('pointerenter', (event) => { if (event.pointerType === 'mouse') open(pin, group, false); });
    pin.addEventListener('pointerleave', () => closeSoon());
    pin.addEventListener('focus', () => { this.current = i; open(pin, group, false); bringCard(); });
    pin.addEventListener('blur', () => closeSoon());
    pin.addEventListener('click', (event) => {
      event.stopPropagation();
      open(pin, group, true);
      bringCard();
      if (event.detail === 0) card.querySelector('button').focus();  // opened by key
    });
    this.shown.set(i, pin);
    const next = [...this.shown.keys()].filter((k) => k > i).sort((a, b) => a - b)[0];
    this.home.insertBefore(pin, next === undefined ? null : this.shown.get(next));
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step || !this.groups.length) return;
    event.preventDefault();
    this.current = clamp(this.current + step, 0, this.groups.length - 1);
    const x = this.groups[this.current].x - timeline.left;
    if (x < 20 || x > timeline.width - 20) timeline.scroll.scrollLeft += x - timeline.width / 2;
    this.render();
    const pin = this.shown.get(this.current);
    if (pin) pin.focus({ preventScroll: true });
  }
}

let opened = null, pinned = false, timer = 0;

function open(pin, group, keep) {
  clearTimeout(timer);
  if (opened && opened !== pin) opened.setAttribute('aria-expanded', 'false');
  if (opened === pin && pinned && !keep) return;
  opened = pin;
  pinned = keep;
  pin.setAttribute('aria-expanded', 'true');
  card.replaceChildren(...(group.entries.length > 1 ? several(group) : single(group.entries[0])));
  card.hidden = false;
  const home = byId('timeline').getBoundingClientRect(), from = pin.getBoundingClientRect();
  const inset = timeline.labels ? 12 : 0;
  card.style.width = timeline.labels ? `${home.width - 2 * inset}px` : '';
  const left = from.left + from.width / 2 - home.left - card.offsetWidth / 2;
  card.style.left = `${clamp(left, inset, Math.max(home.width - card.offsetWidth - inset, inset))}px`;
  card.style.top = `${from.bottom - home.top + 6}px`;
}

// Not on hovering: the page must not move under the pointer.
function bringCard() { if (opened.matches(':focus-visible') || pinned) card.scrollIntoView({ block: 'nearest' }); }

function close() {
  if (opened) opened.setAttribute('aria-expanded', 'false');
  opened = null;
  pinned = false;
  card.hidden = true;
}

// Closes by key: the focus goes back to where it came from.
function leave() {
  const pin = opened, inside = card.contains(document.activeElement);
  close();
  if (inside && pin) pin.focus({ preventScroll: true });
  close();
}

function closeSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const inside = card.matches(':hover') || card.contains(document.activeElement);
    if (!pinned && !inside && document.activeElement !== opened) close();
  }, 250);
}

function action(text, run) {
  const button = make('button', text);
  button.type = 'button';
  button.addEventListener('click', run);
  return button;
}

function single(entry) {
  const parts = [make('h3', sentence(entry))];
  const span = entry.to > entry.at ? `${clock(entry.at)} to ${clock(entry.to)}` : clock(entry.at);
  const why = make('p', `at ${span}, because ${entry.because} `);
  if (entry.to > entry.at) why.firstChild.data = `from ${span}, because ${entry.because} `;
  why.append(make('code', entry.reason));
  parts.push(why);
  if (entry.wish && entry.wish[1]) parts.push(make('p', entry.wish[1]));
  if (entry.wish) parts.push(make('p', `Proposed with ${entry.wish[0]}`, 'quiet'));
  if (entry.inputs && entry.inputs.length) {
    const list = make('dl');
    for (const [key, value] of entry.inputs) list.append(make('dt', key), make('dd', value));
    parts.push(list);
  }
  const row = make('div', '', 'act');
  row.append(action('Play from here', () => { player.seek(entry.at - 1500); player.play(); }));
  if (entry.line >= 0) row.append(action('Show in transcript', () => reveal(entry.line)));
  return [...parts, row];
}

function several(group) {
  const list = make('ul'), more = group.entries.length - LISTED, first = group.entries[0];
  for (const entry of group.entries.slice(0, LISTED)) list.append(make('li', told(entry)));
  if (more > 0) list.append(make('li', `and ${more} more`, 'quiet'));
  const row = make('div', '', 'act'), last = group.entries.at(-1);
  const part = (timeline.width / 2) / Math.max(timeline.scale * (last.at - first.at), 1);
  row.append(action('Zoom in', () => {
    close();
    timeline.zoom(clamp(part, 2, 12), (first.at + last.at) / 2);
    timeline.show((first.at + last.at) / 2);
  }));
  row.append(action('Play from here', () => { player.seek(first.at - 1500); player.play(); }));
  return [make('h3', `${group.entries.length} moments`), list, row];
}
