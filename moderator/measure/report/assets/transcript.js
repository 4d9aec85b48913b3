// The transcript follows the time; a click on a word goes to where it was said.
const lines = byId('lines');
const LOOK_BACK = 60;
let lit = [], scrolled = -Infinity, shownLine = -1;

function lineAt(index) { return byId(`l${index}`); }

// Lines that are being said at a time; in a pause, the line said last.
function saidAt(ms) {
  const last = after(data.lines, ms, (line) => line[0]) - 1, found = [];
  for (let i = Math.max(last - LOOK_BACK, 0); i <= last; i++) {
    if (data.lines[i][1] + 300 >= ms) found.push(i);
  }
  return found.length || last < 0 ? found : [last];
}

function light(ms, jumped) {
  const now = saidAt(ms);
  if (now.join() !== lit.join()) {
    for (const i of lit) if (!now.includes(i)) { lineAt(i).classList.remove('now'); lineAt(i).removeAttribute('aria-current'); }
    for (const i of now) { lineAt(i).classList.add('now'); lineAt(i).setAttribute('aria-current', 'true'); }
    lit = now;
  }
  say(now.length ? now.at(-1) : -1);
  lightWords(ms);
  const follow = player.playing && !jumped && byId('follow').checked;
  if (follow && now.length && inSight() && performance.now() - scrolled > 4000) bring(now.at(-1));
}

function say(index) {
  if (index === shownLine) return;
  shownLine = index;
  const home = byId('saying');
  home.replaceChildren();
  if (index < 0) return;
  const lane = data.lanes[data.lines[index][2]];
  const said = lineAt(index).querySelector('.said').textContent;
  home.className = `saying ${lane ? lane.colour : 'quiet'}`;
  if (lane) home.append(make('b', lane.name), ' ');
  home.append(said.length > 300 ? said.slice(0, 300) + '…' : said);
}

function inSight() {
  const box = lines.getBoundingClientRect();
  return box.top < 0.6 * window.innerHeight && box.bottom > 0;
}

function bring(index) {
  const box = lineAt(index).getBoundingClientRect();
  if (box.top < 60 || box.bottom > window.innerHeight - 160) {
    window.scrollBy({ top: box.top - 0.3 * window.innerHeight });
  }
}

function reveal(index) {
  close();
  lineAt(index).scrollIntoView({ block: 'center' });
  lineAt(index).querySelector('.time').focus({ preventScroll: true });
}

// A word's place in the text of its line: words are joined by single spaces.
function wordRange(text, wanted) {
  const words = text.data.split(' ');
  let start = 0;
  for (let i = 0; i < Math.min(wanted, words.length - 1); i++) start += words[i].length + 1;
  const range = new Range();
  range.setStart(text, start);
  range.setEnd(text, Math.min(start + words[Math.min(wanted, words.length - 1)].length, text.length));
  return range;
}

function lightWords(ms) {
  if (!window.Highlight || !CSS.highlights) return;
  const ranges = [];
  for (const i of lit) {
    const [start, end, , offsets] = data.lines[i], text = lineAt(i).querySelector('.said').firstChild;
    const word = after(offsets, ms - start, (offset) => offset) - 1;
    if (text && word >= 0 && ms <= end + 300) ranges.push(wordRange(text, word));
  }
  CSS.highlights.set('word', new Highlight(...ranges));
}

function wordUnder(event) {
  let node = null, offset = 0;
  if (document.caretPositionFromPoint) {
    const place = document.caretPositionFromPoint(event.clientX, event.clientY);
    if (place) [node, offset] = [place.offsetNode, place.offset];
  } else if (document.caretRangeFromPoint) {
    const place = document.caretRangeFromPoint(event.clientX, event.clientY);
    if (place) [node, offset] = [place.startContainer, place.startOffset];
  }
  if (!node || node.nodeType !== Node.TEXT_NODE || !event.target.contains(node)) return 0;
  return node.data.slice(0, offset).split(' ').length - 1;
}

lines.addEventListener('click', (event) => {
  const item = event.target.closest('li[id]');
  if (!item || String(window.getSelection())) return;
  const line = data.lines[Number(item.id.slice(1))];
  const said = event.target.closest('.said');
  const offset = said && line[3].length ? line[3][Math.min(wordUnder(event), line[3].length - 1)] : 0;
  if (said || event.target.closest('.time')) player.seek(line[0] + offset);
});
