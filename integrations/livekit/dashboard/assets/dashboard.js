// Joins the room as a viewer that subscribes to no media, and feeds the page.
'use strict';

const { Room, RoomEvent } = LivekitClient;
const TRANSCRIPTION = 'lk.transcription', DECISION = 'moderator.decision';
const NOW = 'moderator.now', CHANGE = 'moderator.change';
const PERSON = new Set([0, 3, 5]); // standard, telephone, connector: whom the agent may hear
const AGAIN_MS = 2000, GIVE_UP_AFTER = 5;

let room = null, meeting = null, agent = '';
const seen = new Set();

function link(state, text) {
  byId('link').dataset.state = state;
  byId('link').textContent = text;
}

function parse(payload) {
  try {
    const found = JSON.parse(new TextDecoder().decode(payload));
    return found && typeof found === 'object' ? found : null;
  } catch {
    return null;
  }
}

function arrived(participant) {
  if (participant.identity === agent) {
    meeting.attributes(participant.attributes ?? {});
    byId('hush').disabled = false;
  } else if (PERSON.has(participant.kind)) meeting.enter(participant.identity, participant.name);
}

function departed(participant) {
  meeting.leave(participant.identity);
  if (participant.identity === agent) agentGone();
}

function agentGone() {
  byId('hush').disabled = true;
  byId('state').textContent = 'not in the room';
}

function data(payload, participant, _kind, topic) {
  if (participant?.identity !== agent) return; // nobody else speaks for the agent
  const found = [DECISION, NOW, CHANGE].includes(topic) ? parse(payload) : null;
  if (!found) return;
  if (topic === NOW) meeting.floor(found);
  else {
    const key = `${found.seconds} ${found.action ?? found.change} ${found.reason ?? found.identity ?? found.role}`;
    if (!seen.has(key)) topic === CHANGE ? meeting.changed(found) : meeting.decided(found);
    seen.add(key);
    if (seen.size > 1000) seen.clear();
  }
}

async function transcribed(reader, { identity }) {
  const facts = reader.info.attributes ?? {};
  const segment = facts['lk.segment_id'] ?? reader.info.id;
  let text = '';
  try {
    for await (const piece of reader) {
      if (text.length < LONGEST) text += piece;
      meeting.said(identity, segment, text.trim(), facts['lk.transcription_final'] === 'true');
    }
    if (identity === agent) meeting.said(identity, segment, text.trim(), true);
  } catch {
    // the sender went away in the middle; what came stays
  }
}

async function hush() {
  const method = meeting.silenced ? 'moderator.resume' : 'moderator.hush';
  const button = byId('hush'), answer = byId('answer');
  button.disabled = true;
  try {
    const said = await room.localParticipant.performRpc({ destinationIdentity: agent, method, payload: '' });
    answer.textContent = cut(said, 200);
    answer.classList.remove('refused');
  } catch (error) {
    answer.textContent = `Not done: ${cut(error.message, 200)}`;
    answer.classList.add('refused');
  }
  button.disabled = !room.remoteParticipants.has(agent);
}

async function connection() {
  const response = await fetch('connection.json', { cache: 'no-store' });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

async function join() {
  const where = await connection();
  agent = where.agent;
  meeting ??= new Meeting(agent, where.agent_name);
  byId('room').textContent = cut(where.room, 120);
  byId('agent').textContent = cut(where.agent_name, 80);
  byId('role').textContent ||= cut(where.role, 40);
  document.title = `${cut(where.agent_name, 80)} in ${cut(where.room, 120)}`;
  room = new Room();
  room
    .on(RoomEvent.ParticipantConnected, arrived)
    .on(RoomEvent.ParticipantDisconnected, departed)
    .on(RoomEvent.ParticipantNameChanged, (_name, participant) => arrived(participant))
    .on(RoomEvent.ParticipantAttributesChanged, (_changed, participant) => {
      if (participant.identity === agent) meeting.attributes(participant.attributes);
    })
    .on(RoomEvent.DataReceived, data)
    .on(RoomEvent.Reconnecting, () => link('lost', 'connection lost'))
    .on(RoomEvent.Reconnected, () => link('live', 'live'))
    .on(RoomEvent.Disconnected, () => again(0));
  room.registerTextStreamHandler(TRANSCRIPTION, transcribed);
  await room.connect(where.url, where.token, { autoSubscribe: false });
  link('live', 'live');
  for (const identity of [...meeting.people.keys()]) {
    if (identity !== agent && !room.remoteParticipants.has(identity)) meeting.leave(identity);
  }
  for (const participant of room.remoteParticipants.values()) arrived(participant);
  if (!room.remoteParticipants.has(agent)) agentGone();
}

async function again(failures) {
  byId('hush').disabled = true;
  if (failures >= GIVE_UP_AFTER) {
    link('gone', 'over');
    byId('holder').textContent = 'The agent has left';
    byId('state').textContent = 'left';
    return;
  }
  link('lost', 'connection lost');
  await new Promise((done) => setTimeout(done, failures ? AGAIN_MS : 200));
  try {
    await join();
  } catch {
    await again(failures + 1);
  }
}

byId('hush').addEventListener('click', hush);
byId('follow').addEventListener('click', () => {
  byId('said').scrollTop = byId('said').scrollHeight;
});
byId('said').addEventListener('scroll', () => {
  byId('follow').hidden = !meeting || meeting.follows();
});
join().catch(() => again(1));
