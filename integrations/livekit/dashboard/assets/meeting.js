// What the page knows of the meeting, and how it is shown. Whatever comes from the room is shown by
// textContent alone, cut to a bounded length, in lists of a bounded length.
'use strict';

const LINES = 300, DECISIONS = 100, LONGEST = 4000, TONES = 8;
const STATES = { initializing: 'starting', idle: 'waiting', listening: 'listening', thinking: 'about to speak', speaking: 'speaking' };
const byId = (id) => document.getElementById(id);
const cut = (text, most = LONGEST) => String(text ?? '').slice(0, most);

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(Number(seconds) || 0));
  const rest = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

class Meeting {
  constructor(agent, agentName) {
    this.agent = agent;
    this.people = new Map(); // identity -> { name, tone, here, row }
    this.segments = new Map(); // identity and segment -> list item
    this.silenced = false;
    this.state = 'listening';
    this.enter(agent, agentName, true);
  }

  // people

  enter(identity, name, agent = false) {
    const known = this.people.get(identity);
    if (known) {
      known.here = true;
      if (name) known.name = cut(name, 80);
      known.row.label.textContent = known.name;
      known.row.item.classList.remove('gone');
      return known;
    }
    const tone = agent ? 'is-agent' : `s${(this.people.size - 1) % TONES}`;
    const shown = cut(name || identity, 80);
    const one = { name: shown, tone, here: true, row: this.#row(shown, tone) };
    this.people.set(identity, one);
    byId('nobody').hidden = true;
    return one;
  }

  leave(identity) {
    const one = this.people.get(identity);
    if (!one) return;
    one.here = false;
    one.row.item.classList.add('gone');
  }

  #row(name, tone) {
    const item = make('li', tone), line = make('p', 'line'), rail = make('div', 'rail');
    const label = make('span', 'name', name), share = make('span', 'num', '–'), bar = make('span');
    line.append(label, share);
    rail.append(bar);
    item.append(line, rail);
    byId('people').append(item);
    return { item, label, share, bar };
  }

  #share(one, share) {
    const percent = Math.round(100 * Math.min(1, Math.max(0, Number(share) || 0)));
    one.row.share.textContent = `${percent}\u00a0%`;
    one.row.bar.style.width = `${percent}%`;
  }

  // the floor

  floor(now) {
    byId('clock').textContent = clock(now.seconds);
    const speaking = new Set(Array.isArray(now.speaking) ? now.speaking : []);
    for (const [identity, one] of this.people) {
      const own = identity === this.agent;
      const share = own ? now.agent_share : now.shares?.[identity];
      if (share !== undefined) this.#share(one, share);
      const talks = own ? now.status === 'agent' : speaking.has(identity);
      one.row.item.classList.toggle('speaking', talks);
      one.row.item.classList.toggle('holds', own ? talks : identity === now.holder);
    }
    this.silenced = now.silenced === true;
    this.#headline(now, speaking);
    this.showState();
  }

  #headline(now, speaking) {
    const heading = byId('holder');
    if (now.status === 'agent') this.#sentence(heading, [this.agent], ' is speaking');
    else if (now.status === 'overlap' && speaking.size > 1) {
      this.#sentence(heading, [...speaking].slice(0, 3), ' talk at once');
    } else if (now.holder) this.#sentence(heading, [now.holder], ' has the floor');
    else heading.replaceChildren('The floor is free');
  }

  #sentence(heading, identities, rest) {
    const parts = identities.flatMap((identity, index) => {
      const one = this.people.get(identity);
      const name = make('b', one?.tone ?? '', one?.name ?? cut(identity, 80));
      return index ? [index === identities.length - 1 ? ' and ' : ', ', name] : [name];
    });
    heading.replaceChildren(...parts, rest);
  }

  // the agent

  attributes(found) {
    this.state = found['lk.agent.state'] || this.state;
    if (found['moderator.role']) byId('role').textContent = cut(found['moderator.role'], 40);
    const hand = byId('hand'), cue = found['moderator.hand'];
    hand.hidden = !cue;
    hand.textContent = cue ? `Raises its hand: ${cut(cue, 300)}` : '';
    this.showState();
  }

  showState() {
    const chip = byId('state'), hush = byId('hush');
    chip.dataset.state = this.silenced ? 'silenced' : this.state;
    chip.textContent = this.silenced ? 'silenced' : STATES[this.state] ?? cut(this.state, 30);
    hush.textContent = this.silenced ? 'Resume' : 'Hush';
    hush.setAttribute('aria-pressed', String(this.silenced));
  }

  decided(one) {
    const item = make('li', one.action === 'wait' ? '' : 'acts'), body = make('p');
    const name = this.people.get(one.addressee)?.name ?? one.addressee;
    const about = [one.act && cut(one.act, 40).replaceAll('_', ' '), name && `to ${cut(name, 80)}`];
    body.append(make('span', 'did', cut(one.did, 100)), make('span', 'reason', cut(one.why, 200)));
    const act = about.filter(Boolean).join(', ');
    if (act) body.append(make('span', 'act', act));
    this.#log(item, one.seconds, body);
  }

  changed(one) {
    const item = make('li', 'acts'), body = make('p');
    if (one.change === 'role') {
      body.append(make('span', 'did', `took the role ${cut(one.role, 40)}`), make('span', 'reason', cut(one.summary, 200)));
    } else if (one.change === 'erased') {
      const who = this.people.get(one.identity)?.name ?? cut(one.identity, 80);
      this.#erase(one.identity);
      body.append(make('span', 'did', `erased what ${who} had said`));
    } else if (one.change === 'tool') {
      item.classList.add('tool');
      const came = one.result ? cut(one.result, 300) : cut(one.outcome, 40).replaceAll('_', ' ');
      body.append(make('span', 'did', `looked up: ${cut(one.tool, 64) || 'unknown tool'}`), make('span', 'reason', came));
    } else return;
    this.#log(item, one.seconds, body);
  }

  #log(item, seconds, body) {
    item.append(make('time', '', clock(seconds)), body);
    const list = byId('decisions');
    list.prepend(item);
    while (list.children.length > DECISIONS) list.lastChild.remove();
    byId('no-decisions').hidden = true;
  }

  // the transcript

  said(identity, segment, text, final) {
    if (!text) return;
    const key = JSON.stringify([identity, segment]);
    const list = byId('said'), follows = this.follows();
    let item = this.segments.get(key);
    if (!item) {
      const one = this.people.get(identity) ?? this.enter(identity, '');
      item = make('li', one.tone);
      item.append(make('p', 'who', one.name), make('p', 'text'));
      item.dataset.key = key;
      list.append(item);
      this.segments.set(key, item);
    }
    item.classList.toggle('interim', !final);
    item.lastChild.textContent = cut(text);
    while (list.children.length > LINES) {
      this.segments.delete(list.firstChild.dataset.key);
      list.firstChild.remove();
    }
    byId('no-words').hidden = true;
    if (follows) list.scrollTop = list.scrollHeight;
    byId('follow').hidden = this.follows();
  }

  #erase(identity) {
    for (const [key, item] of this.segments) {
      if (JSON.parse(key)[0] !== identity) continue;
      item.remove();
      this.segments.delete(key);
    }
    for (const item of byId('decisions').querySelectorAll('.tool')) item.remove(); // it may quote them
  }

  follows() {
    const list = byId('said');
    return list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  }
}
