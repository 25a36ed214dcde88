'use strict';

const STALE = 2;  // seconds without a result until the last one is shown as old
const SILENCE = 6000;  // ms without a word from the server until the page connects anew
const AGAIN = 1000;  // ms between two tries
const HEIGHT = 150, LEFT = 26, BOTTOM = 18;  // of a plot, pixels
const VERDICTS = {good: 'GOOD', anomalous: 'ANOMALOUS', no_part: 'NO PART', unknown: 'UNKNOWN'};
const MODES = {both: 'RGB + depth', rgb_only: 'RGB only', depth_only: 'depth only'};
const PARTS = ['rgb', 'depth', 'pairing', 'inference'];
const SVG = 'http://www.w3.org/2000/svg';

const at = id => document.getElementById(id);
const pause = ms => new Promise(done => setTimeout(done, ms));
const figure = (value, digits = 2) => value === null ? '-' : value.toFixed(digits);

let source = null;  // of events, null while nobody looks
let session = 0;  // the loop that fetches pictures ends when this changes
let heard = 0;
let points = [];  // [seconds, score, confidence rgb, confidence depth, degraded]

// Text, never markup: what nodes say is not to be trusted with a page.
function write(element, text, name) {
  if (element.textContent !== text) element.textContent = text;
  if (name !== undefined && element.className !== name) element.className = name;
}

function link(text, name) {
  write(at('link'), text, name);
}

// The connection.

function connect() {
  disconnect();
  if (document.hidden) return;
  heard = performance.now();
  source = new EventSource('events');
  source.onmessage = event => {
    heard = performance.now();
    show(JSON.parse(event.data));
  };
  source.onerror = lost;
  fetchPictures(session);
}

function disconnect() {
  session += 1;
  if (source) source.close();
  source = null;
}

function lost() {
  link('no connection to the web server; trying again', 'bad');
  at('now').classList.add('stale');
  at('sight').classList.add('stale');
}

// A browser tries again by itself, but not after each kind of failure.
function look() {
  if (document.hidden) return;
  const closed = !source || source.readyState === EventSource.CLOSED;
  if (closed || performance.now() - heard > SILENCE) {
    lost();
    connect();
  }
}

async function fetchPictures(mine) {
  let number = 0;
  while (mine === session) {
    try {
      const answer = await fetch(`overlay?after=${number}`, {signal: AbortSignal.timeout(SILENCE)});
      if (answer.status === 200) {
        number = answer.headers.get('X-Picture');
        await put(await answer.blob());
      } else if (answer.status !== 204) {
        await pause(AGAIN);
      }
    } catch {
      await pause(AGAIN);
    }
  }
}

async function put(blob) {
  const image = at('overlay'), before = image.src;
  image.src = URL.createObjectURL(blob);
  await image.decode().catch(() => {});
  if (before) URL.revokeObjectURL(before);
  image.hidden = false;
  at('blank').hidden = true;
}

// What is shown.

function show(news) {
  if (news.fresh) points = [];
  points.push(...news.points);
  points = points.filter(point => point[0] > news.now - news.span);
  const age = news.result ? news.now - news.result.at : null;
  const stale = !news.present || age === null || age > STALE;
  at('now').classList.toggle('stale', stale);
  at('sight').classList.toggle('stale', stale);
  showLink(news, age);
  if (news.result) showResult(news.result);
  showStatuses(news);
  showParts(news.parts);
  plot(at('scores'), news, [['score', 1]], news.result && news.result.threshold);
  plot(at('confidences'), news, [['rgb', 2], ['depth', 3]], null);
}

function showLink(news, age) {
  if (!news.present) link('no inspector: is the node running?', 'bad');
  else if (age === null) link('waiting for the first result', 'warn');
  else if (age > STALE) link(`no result for ${Math.floor(age)} s`, 'warn');
  else link('live', 'good');
}

function showResult(result) {
  const verdict = VERDICTS[result.verdict] || result.verdict;
  write(at('verdict'), verdict, result.verdict);
  write(at('score'), figure(result.score, 3));
  write(at('threshold'), figure(result.threshold));
  write(at('mode'), MODES[result.mode] || result.mode);
  write(at('latency'), result.latency_ms === null ? '-' : `${figure(result.latency_ms, 0)} ms`);
  at('degraded').hidden = !result.degraded;
  const missing = Object.entries(result.sensors)
    .filter(([, sensor]) => sensor.confidence === null || sensor.state !== 'ok')
    .map(([name, sensor]) => `${name} ${sensor.state === 'ok' ? 'missing' : sensor.state}`);
  write(at('degraded'), result.degraded ? `Degraded: ${missing.join(', ')}` : '');
  at('overlay').alt = `overlay: ${verdict}, score ${figure(result.score)}`;
  document.title = `${verdict} ${figure(result.score)}`;
}

function showStatuses(news) {
  const sensors = news.result ? news.result.sensors : {};
  fill(at('statuses'), PARTS.map(part => {
    const sensor = sensors[part], told = news.diagnostics[part];
    return [[part], [sensor ? sensor.state : ''], [sensor ? figure(sensor.confidence) : ''],
            told ? [`${told.level}: ${told.message}`, told.level] : ['no word yet', 'STALE']];
  }));
}

function showParts(parts) {
  at('no-parts').hidden = parts.length > 0;
  at('parts').hidden = parts.length === 0;
  fill(at('part-rows'), parts.map(part => [
    [String(part.number)], [VERDICTS[part.verdict] || part.verdict, part.verdict],
    [figure(part.score, 3)], [part.frames], [part.stamp.replace(/(\.\d\d)\d+$/, '$1')]]));
}

// Rows of cells [text, class]; the first cell is the row's heading.
function fill(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, index) => {
    const row = body.rows[index] || body.insertRow();
    cells.forEach(([text, name], column) => write(row.cells[column] || cell(row, column), text, name));
  });
}

function cell(row, column) {
  const made = document.createElement(column ? 'td' : 'th');
  if (!column) made.scope = 'row';
  return row.appendChild(made);
}

// Plots: 0 to 1 upwards, the last `span` seconds to the right.

function plot(svg, news, series, threshold) {
  const width = Math.max(svg.clientWidth, 120);
  const x = seconds => LEFT + (width - LEFT - 2) * (1 - (news.now - seconds) / news.span);
  const y = value => 4 + (HEIGHT - BOTTOM - 4) * (1 - Math.min(Math.max(value, 0), 1));
  svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
  const drawn = [draw('path', 'lapse', {d: lapses(x, y)})];
  for (const value of [0, 0.5, 1]) {
    drawn.push(draw('path', 'grid', {d: `M${LEFT} ${y(value)}H${width}`}));
    drawn.push(draw('text', '', {x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end'}, String(value)));
  }
  for (const [share, anchor] of [[1, 'start'], [0.5, 'middle'], [0, 'end']]) {
    const ago = share * news.span;
    drawn.push(draw('text', '', {x: x(news.now - ago), y: HEIGHT - 4, 'text-anchor': anchor},
                    ago ? `${ago} s ago` : 'now'));
  }
  if (threshold !== null) {
    drawn.push(draw('path', 'threshold', {d: `M${LEFT} ${y(threshold)}H${width}`}));
  }
  for (const [name, column] of series) {
    drawn.push(draw('path', `line ${name}`, {d: line(column, x, y)}));
  }
  svg.replaceChildren(...drawn);
  svg.setAttribute('aria-label', told(series));
}

function draw(kind, name, attributes, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (name) made.setAttribute('class', name);
  if (text) made.textContent = text;
  return made;
}

// A line with gaps where there is no value, or none for a while.
function line(column, x, y) {
  let before = -Infinity, path = '';
  for (const point of points) {
    if (point[column] === null) continue;
    const joined = point[0] - before < STALE && path;
    path += `${joined ? 'L' : 'M'}${x(point[0]).toFixed(1)} ${y(point[column]).toFixed(1)}`;
    if (!joined) path += 'h0';
    before = point[0];
  }
  return path;
}

// The stretches in which results were degraded.
function lapses(x, y) {
  let path = '';
  points.forEach((point, index) => {
    const next = points[index + 1];
    if (!point[4] || !next || next[0] - point[0] > STALE) return;
    const left = x(point[0]).toFixed(1), right = x(next[0]).toFixed(1);
    path += `M${left} ${y(1)}H${right}V${y(0)}H${left}Z`;
  });
  return path;
}

function told(series) {
  const last = points[points.length - 1];
  const words = series.map(([name, column]) => `${name} ${last ? figure(last[column]) : '-'}`);
  return `${words.join(', ')}; ${points.length} results in the last minute`;
}

document.addEventListener('visibilitychange', connect);
setInterval(look, AGAIN);
connect();
