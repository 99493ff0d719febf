// Asks the browser for a passkey: makes one, or uses one. A form with `data-passkey` names where its challenge comes from; what the authenticator
// answers goes into the form's field `credential`, and the form is sent like any other. Loaded by pages with such a form.
{
  const root = document.documentElement;
  const bytes = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const named = credential => ({ ...credential, id: bytes(credential.id) });

  // Shows what needs a script and a browser with passkeys.
  if (window.PublicKeyCredential) root.dataset.passkeys = '';

  const make = async ({ publicKey: asked }) => {
    const user = named(asked.user);
    const excludeCredentials = (asked.excludeCredentials || []).map(named);
    const made = await navigator.credentials.create({ publicKey: { ...asked, challenge: bytes(asked.challenge), user, excludeCredentials } });
    const { attestationObject, clientDataJSON } = made.response;
    return answer(made, { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON), transports: made.response.getTransports?.() });
  };
  const use = async ({ publicKey: asked }) => {
    const allowCredentials = (asked.allowCredentials || []).map(named);
    const used = await navigator.credentials.get({ publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials } });
    const { authenticatorData, clientDataJSON, signature, userHandle } = used.response;
    return answer(used, {
      authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature), userHandle: userHandle && text(userHandle),
    });
  };
  const answer = ({ id, rawId, type }, response) => JSON.stringify({ id, rawId: text(rawId), type, response });

  const why = error => ({
    InvalidStateError: 'There is a passkey of yours on that device already.',
    NotAllowedError: 'Nothing was done: it was cancelled, or took too long. Please try again.',
    NotSupportedError: 'That device cannot make such a passkey.',
    SecurityError: 'Passkeys do not work at this address.',
  })[error.name] || 'That did not work. Please try again.';

  addEventListener('submit', async event => {
    const form = event.target;
    const from = form.dataset.passkey;
    if (!from) return;
    event.preventDefault();
    const [button, said] = [form.querySelector('button'), form.querySelector('[data-passkey-error]')];
    const say = words => { said.textContent = words; said.hidden = !words; };
    const { at } = form.dataset;
    if (at !== location.origin) return say(`Passkeys of this hub work at ${at} only; this page was opened at ${location.origin}.`);
    say('');
    button.disabled = true;
    try {
      const challenge = await fetch(from, { method: 'POST' });
      // Sent elsewhere first: to sign in, or to prove who is asking.
      if (challenge.redirected) return location.assign(challenge.url);
      if (challenge.status === 401) return location.assign('/signin');
      if (!challenge.ok) throw new Error(`answer ${challenge.status}`);
      const asked = await challenge.json();
      form.elements.credential.value = asked.publicKey.user ? await make(asked) : await use(asked);
      form.submit();
    } catch (error) {
      say(why(error));
    } finally {
      button.disabled = false;
    }
  });
}
