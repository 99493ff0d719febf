// One event stream for all tabs of a browser. Browsers open six connections per host over HTTP/1.1, so the seventh tab with
// a stream of its own would hang. The tab that holds the lock "shieldwall-live" leads: it keeps the stream and passes everything on
// over a BroadcastChannel. When it closes, the lock goes to another tab, which asks for what came after the last id seen.
//
// Pages hear window events "shieldwall:live" with detail
//   {kind: 'change', topics}  something changed under these topics
//   {kind: 'resync'}          something was missed: ask for everything again
//   {kind: 'state', state}    'live' | 'reconnecting' | 'off', also in <html data-live>
// What comes before the page has said "shieldwall:ready" waits.

const NAME = 'shieldwall-live';
const root = document.documentElement;

if (document.querySelector('[data-signed-in]')) start();
else root.dataset.live = 'off';

function start() {
  const channel = new BroadcastChannel(NAME);
  // Where this tab stands in the stream: the newest id it knows of, which is nothing to count or compare with, only to bring back. It begins with
  // the one its page was rendered at.
  let last = root.dataset.position || '';
  let leading = false;
  let ready = false;
  let state = 'reconnecting';
  const early = [];

  const tell = detail => {
    if (detail.kind === 'state') root.dataset.live = state = detail.state;
    if (ready) dispatchEvent(new CustomEvent('shieldwall:live', { detail }));
    else if (detail.kind !== 'state') early.push(detail);
  };
  addEventListener('shieldwall:ready', () => {
    ready = true;
    tell({ kind: 'state', state });
    early.splice(0).forEach(tell);
  });

  const hear = message => {
    switch (message.kind) {
      case 'ask': // a new tab: tell it where we are
        if (leading) channel.postMessage({ kind: 'here', state, last });
        return;
      case 'here':
        tell({ kind: 'state', state: message.state });
        // The leader may have seen changes that are not yet in what this tab's page was made of.
        if (last && message.last && message.last !== last) tell({ kind: 'resync' });
        last = message.last || last;
        return;
      default:
        last = message.id || last;
        tell(message);
    }
  };
  channel.onmessage = event => hear(event.data);
  const pass = message => { hear(message); channel.postMessage(message); };

  let tries = 0;
  const open = () => {
    const source = new EventSource(last ? `/live?after=${encodeURIComponent(last)}` : '/live');
    const data = event => { try { return JSON.parse(event.data); } catch { return {}; } };
    source.addEventListener('hello', event => {
      tries = 0;
      last ||= event.lastEventId;
      pass({ kind: 'state', state: 'live' });
    });
    source.addEventListener('change', event => pass({ kind: 'change', topics: data(event).topics || [], id: event.lastEventId }));
    source.addEventListener('state', event => pass({ kind: 'state', state: data(event).state || 'live' })); // the hub has lost its database, or found it
    source.addEventListener('resync', event => {
      // It stands in for `hello` where what was missed cannot be told.
      tries = 0;
      pass({ kind: 'state', state: 'live' });
      pass({ kind: 'resync', id: event.lastEventId });
    });
    source.onerror = () => {
      pass({ kind: 'state', state: 'reconnecting' });
      // A broken connection the browser reopens by itself. Where the server said no, we come back: later each time, and not
      // all browsers at the same moment.
      if (source.readyState !== EventSource.CLOSED) return;
      const wait = Math.min(60_000, 1_000 * 2 ** tries++) * (0.5 + Math.random());
      setTimeout(open, wait);
    };
  };
  const lead = () => { leading = true; open(); };

  root.dataset.live = state;
  // Locks exist only in secure contexts; elsewhere each tab keeps its own stream.
  if (!navigator.locks) return lead();
  navigator.locks.request(NAME, () => new Promise(lead));
  channel.postMessage({ kind: 'ask' });
}
