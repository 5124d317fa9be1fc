const $ = (id) => document.getElementById(id);

function showState(id, state, text) {
  const element = $(id);
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.textContent = text;
}

$('address').textContent = new URL('.', document.baseURI).href;

// Addresses are relative to the page, so that they keep a prefix which the gateway strips.
function socketAddress() {
  const address = new URL('ws', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address;
}

let socket;

function connect() {
  socket = new WebSocket(socketAddress());
  socket.addEventListener('open', () => showState('ws-state', 'open', 'Open'));
  socket.addEventListener('message', (event) => {
    const message = JSON.parse(event.data);
    if (message.type === 'clock') $('ws-clock').textContent = message.time.slice(11, 19);
    if (message.type === 'echo') $('ws-answer').textContent = message.text;
  });
  socket.addEventListener('close', () => {
    showState('ws-state', 'closed', 'Closed; trying again every two seconds');
    setTimeout(connect, 2000);
  });
}
connect();

$('ws-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket.readyState === WebSocket.OPEN) socket.send($('ws-text').value);
});

const stream = new EventSource('events');
stream.addEventListener('open', () => showState('sse-state', 'open', 'Open'));
stream.addEventListener('message', (event) => {
  $('sse-count').textContent = event.data;
});
stream.addEventListener('error', () => {
  const over = stream.readyState === EventSource.CLOSED;
  showState(
    'sse-state',
    'closed',
    over ? 'Ended; reload the page' : 'Closed; the browser tries again',
  );
});

$('upload-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const file = $('upload-file').files[0];
  if (file === undefined) return;
  // fetch cannot tell how much of a body has left; XMLHttpRequest can.
  const request = new XMLHttpRequest();
  request.open('POST', 'upload');
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.upload.addEventListener('progress', (progress) => {
    $('upload-progress').value = progress.total === 0 ? 1 : progress.loaded / progress.total;
  });
  request.addEventListener('load', () => {
    $('upload-progress').value = 1;
    $('upload-answer').textContent = request.responseText.trim();
  });
  request.addEventListener('error', () => {
    $('upload-answer').textContent = 'The upload was cut off.';
  });
  request.send(file);
});

async function showHeaders() {
  try {
    const response = await fetch('headers', { headers: { Accept: 'application/json' } });
    $('headers-answer').textContent = (await response.text()).trim();
  } catch {
    $('headers-answer').textContent = 'The application cannot be reached.';
  }
}
$('headers-button').addEventListener('click', showHeaders);
showHeaders();
