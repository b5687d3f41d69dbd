// The button that has this browser tell things. It is not there where the browser cannot, nor without this script.
(() => {
  const form = document.getElementById("push-on");
  if (!form || !("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  const hindered = document.getElementById("push-hindered");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    hindered.hidden = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") throw new Error("not granted");
      await navigator.serviceWorker.register("/push-worker.js");
      const { pushManager } = await navigator.serviceWorker.ready;
      await (await pushManager.getSubscription())?.unsubscribe(); // it may be of another key
      const asked = { userVisibleOnly: true, applicationServerKey: form.dataset.key };
      const { endpoint, keys } = (await pushManager.subscribe(asked)).toJSON();
      form.elements.endpoint.value = endpoint;
      form.elements.p256dh.value = keys.p256dh;
      form.elements.auth.value = keys.auth;
      form.submit();
    } catch {
      hindered.hidden = false;
    }
  });
})();
