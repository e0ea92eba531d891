// A clock and a thin bar for a video that is being made. It ticks here, so that waiting costs the
// server nothing. `since` and `now` are the server's seconds; the difference of the clocks cancels.

const clocks = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".elapsed")
  let clock = clocks.get(parentElement)
  if (!clock || clock.since !== data.since || clock.key !== data.key) {
    clock = { since: data.since, key: data.key, zero: Date.now() / 1000 - (data.now - data.since) }
    clocks.set(parentElement, clock)
  }
  clearInterval(clock.timer)
  const draw = () => {
    const passed = Math.max(0, Date.now() / 1000 - clock.zero)
    root.querySelector(".time").textContent = format(passed)
    root.querySelector(".note").textContent = data.note
    const bar = root.querySelector(".bar")
    const known = typeof data.progress === "number"
    const share = known ? data.progress / 100 : 1 - Math.exp(-passed / data.typical)
    bar.style.width = `${Math.min(97, Math.max(3, share * 100))}%`
    root.querySelector(".track").style.display = data.bar ? "block" : "none"
  }
  draw()
  clock.timer = setInterval(draw, 1000)
  return () => {
    clearInterval(clocks.get(parentElement)?.timer)
    clocks.delete(parentElement)
  }
}

function format(seconds) {
  const whole = Math.floor(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  const rest = String(whole % 60).padStart(2, "0")
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`
}
