// Passkeys: asks the browser to make one or to answer with one, and sends the answer in the form beside the button.
// Without this file, or in a browser that knows none, the button stays hidden and the other ways in are the page.

async function ask(box) {
  const token = box.querySelector('[name=csrf_token]').value;
  const answer = await fetch(box.dataset.ask, { method: 'POST', credentials: 'same-origin', headers: { 'X-CSRFToken': token } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function answer(box) {
  if (box.dataset.passkey === 'new') {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(box.dataset.options));
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await ask(box));
  return navigator.credentials.get({ publicKey });
}

function start(box) {
  const button = box.querySelector('button');
  const form = box.querySelector('form');
  const status = box.querySelector('[role=status]');
  box.hidden = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    status.textContent = '';
    try {
      form.elements.answer.value = JSON.stringify((await answer(box)).toJSON());
      form.submit();
    } catch {
      status.textContent = box.dataset.failed;
      button.disabled = false;
    }
  });
}

if (window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  document.querySelectorAll('[data-passkey]').forEach(start);
  document.querySelector('[data-no-passkey]')?.remove();
}
