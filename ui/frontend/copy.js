// A button that puts a text on the clipboard and says so.

export default function (component) {
  const { data, parentElement } = component
  const button = parentElement.querySelector("button")
  const say = (label) => { button.textContent = label }
  say(data.label)
  button.onclick = async () => {
    const copied = await copy(data.text)
    say(copied ? data.done : data.failed)
    setTimeout(() => say(data.label), 1800)
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Without TLS browsers have no clipboard; the old way still works there.
    const box = document.createElement("textarea")
    box.value = text
    box.style.position = "fixed"
    box.style.opacity = "0"
    document.body.append(box)
    box.select()
    const copied = document.execCommand("copy")
    box.remove()
    return copied
  }
}
