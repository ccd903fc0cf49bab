// Autosave of <form data-autosave="address">. Without this file the buttons of the page save; with it, nothing typed is
// older than ten seconds on the server, and the page always says so in its #save-state.
const NOT_TYPED = new Set(['', 'csrf_token', 'key', 'revision', 'then']);
const QUIET_MS = 3000;
const LONGEST_MS = 10000;

/** Fields whose value differs from what the server has. */
export function changedFields(saved, present) {
  return Object.fromEntries(Object.entries(present).filter(([name, value]) => (saved[name] ?? '') !== value));
}

/** When to save next: after a pause, but never later than ten seconds after the first unsaved change. */
export function dueIn(firstChangeAt, now) {
  return Math.max(0, Math.min(QUIET_MS, firstChangeAt + LONGEST_MS - now));
}

function answersOf(form) {
  const present = {};
  // What nobody has chosen yet is blank, so that it can be told from what another window chose.
  for (const field of form.elements) if (!NOT_TYPED.has(field.name ?? '')) present[field.name] = '';
  for (const [name, value] of new FormData(form)) if (!NOT_TYPED.has(name)) present[name] = value;
  return present;
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.status = document.querySelector('#save-state');
    this.text = this.status.querySelector('[data-save-text]');
    this.key = `fund:${form.dataset.deviceKey}`;
    this.saved = answersOf(form);
    this.firstChangeAt = 0;
    this.timer = 0;
    this.running = null;
    this.halted = false;
    this.signedOut = false;
    this.restore();
    form.addEventListener('input', () => this.touch());
    form.addEventListener('change', () => this.touch());
    form.addEventListener('submit', (event) => this.beforeSubmit(event));
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') this.save(); });
    window.addEventListener('blur', () => this.save());
    window.addEventListener('online', () => this.touch());
  }

  say(text, tone = '') {
    this.text.textContent = text;
    this.status.classList.toggle('save-bad', tone === 'bad');
    this.status.classList.toggle('save-wait', tone === 'wait');
  }

  touch() {
    if (this.halted || Object.keys(changedFields(this.saved, answersOf(this.form))).length === 0) return;
    const now = Date.now();
    this.firstChangeAt ||= now;
    this.say(this.form.dataset.textWaiting, 'wait');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), dueIn(this.firstChangeAt, now));
  }

  save() {
    if (this.running || this.halted) return this.running;
    const fields = changedFields(this.saved, answersOf(this.form));
    if (Object.keys(fields).length === 0) return null;
    clearTimeout(this.timer);
    this.firstChangeAt = 0;
    this.say(this.form.dataset.textSaving, 'wait');
    this.running = this.send(fields).then((arrived) => { this.running = null; if (arrived) this.touch(); });
    return this.running;
  }

  async send(fields) {
    const form = this.form;
    try {
      const response = await fetch(form.dataset.autosave, {
        method: 'POST', keepalive: true, credentials: 'same-origin', redirect: 'manual',
        headers: { 'Content-Type': 'application/json', 'X-CSRFToken': form.elements.csrf_token.value },
        body: JSON.stringify({ revision: form.elements.revision.value, fields }),
      });
      // Without its session the form's token is refused (400) before anybody asks to sign in (a redirect).
      if (response.type === 'opaqueredirect' || response.status === 400) { this.signedOut = true; return this.halt(form.dataset.textSignin, fields); }
      const answer = await response.json();
      if (response.status === 409) return this.halt(answer.error.code === 'revision_conflict' ? form.dataset.textClash : answer.error.message, fields);
      if (!response.ok) throw new Error(String(response.status));
      form.elements.revision.value = answer.revision;
      Object.assign(this.saved, fields);
      this.forget();
      this.mark(answer.problems, fields);
      this.say(`${answer.saved_at} ${form.dataset.textSaved}`);
      return true;
    } catch {
      this.keep(fields);
      this.say(form.dataset.textOffline, 'bad');
      this.timer = setTimeout(() => this.save(), LONGEST_MS);
    }
    return false;
  }

  /** Nothing more can be saved from here; the page keeps what was typed, and so does the device. */
  halt(text, fields) {
    this.halted = true;
    this.keep(fields);
    this.say(text, 'bad');
    return false;
  }

  mark(problems, fields) {
    for (const name of Object.keys(fields)) {
      const field = this.form.elements[name];
      if (!(field instanceof HTMLElement)) continue;
      field.classList.toggle('bad', name in problems);
      field.setAttribute('aria-invalid', String(name in problems));
      field.title = problems[name] ?? '';
    }
  }

  keep(fields) {
    try { localStorage.setItem(this.key, JSON.stringify(fields)); } catch { /* a full or closed store: the page itself still holds the words */ }
  }

  forget() {
    try { localStorage.removeItem(this.key); } catch { /* likewise */ }
  }

  restore() {
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(this.key) ?? 'null'); } catch { return; }
    if (kept === null || document.querySelector('.errsum')) return;
    for (const [name, value] of Object.entries(kept)) {
      const field = this.form.elements[name];
      if (field) field.value = value;
    }
    this.say(this.form.dataset.textRestored, 'wait');
    this.timer = setTimeout(() => this.save(), QUIET_MS);
  }

  /** A save under way raises the revision that the form carries, so the form waits for it. */
  beforeSubmit(event) {
    clearTimeout(this.timer);
    if (!this.signedOut) this.forget();
    if (this.running === null) { this.halted = true; return; }
    event.preventDefault();
    const button = event.submitter;
    this.running.finally(() => this.form.requestSubmit(button));
  }
}

const form = typeof document === 'undefined' ? null : document.querySelector('form[data-autosave]');
if (form) {
  new Autosave(form);
  // Coming back through the browser's history shows an old page with an old revision.
  window.addEventListener('pageshow', (event) => { if (event.persisted) window.location.reload(); });
}
if (typeof document !== 'undefined') document.querySelector('.errsum')?.focus();
