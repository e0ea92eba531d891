// One WebSocket a mounted page. "changed" goes to Streamlit only once the last run has come back.
//
// Streamlit calls the default export again whenever `data` changes and its cleanup only at unmount,
// so the socket is kept beside the element and opened once. Each run sends new data, whether or not
// anything changed, so that it is known to have come back; no change is asked after twice.

const pages = new WeakMap()
const SOCKET_GRACE_MS = 6000
const RUN_GRACE_MS = 5000
const REFUSED = 1008

export default function (component) {
  const { data, parentElement } = component
  let page = pages.get(parentElement)
  if (!page) {
    page = { told: 0, asked: 0, busy: false, tries: 0, closed: false, state: null }
    pages.set(parentElement, page)
    page.component = component
    connect(page)
    page.grace = setTimeout(() => report(page, page.open ? "up" : "down"), SOCKET_GRACE_MS)
  }
  page.component = component
  // New data means that the run we asked for has come back.
  page.busy = false
  clearTimeout(page.patience)
  pass(page)
  return () => {
    page.closed = true
    clearTimeout(page.grace)
    clearTimeout(page.patience)
    clearTimeout(page.again)
    if (page.socket) page.socket.close()
    pages.delete(parentElement)
  }
}

function connect(page) {
  const address = new URL("app/live", document.baseURI)
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:"
  const socket = new WebSocket(address)
  page.socket = socket
  socket.onopen = () => {
    const { token, version } = page.component.data
    socket.send(JSON.stringify({ token, version }))
  }
  socket.onmessage = (event) => {
    // The first message says that we are let in; a socket that merely opens may be refused yet.
    page.open = true
    page.tries = 0
    if (page.state === "down") report(page, "up")
    page.told = Math.max(page.told, JSON.parse(event.data).version)
    pass(page)
  }
  socket.onclose = (event) => {
    page.open = false
    if (page.closed) return
    page.tries += 1
    // Refused: the sign-in may have ended, and the run that "down" causes finds out.
    if (page.tries > 3 || event.code === REFUSED) report(page, "down")
    page.again = setTimeout(() => connect(page), Math.min(1000 * 2 ** page.tries, 30000))
  }
}

function pass(page) {
  if (page.busy || page.closed) return
  if (page.told <= Math.max(page.asked, page.component.data.version)) return
  page.busy = true
  page.asked = page.told
  page.patience = setTimeout(() => {
    page.busy = false
    page.asked = 0 // that run was lost
    pass(page)
  }, RUN_GRACE_MS)
  page.component.setTriggerValue("changed", page.told)
}

// Only "down" matters at first: it switches the page over to asking at intervals.
function report(page, state) {
  if (page.closed || page.state === state || (state === "up" && page.state === null)) return
  page.state = state
  page.component.setStateValue("socket", state)
}
