/** What Python's `str.isspace` and `\s` mean; JavaScript's `\s` differs in a few characters. */
const space = String.raw`[\t-\r\u001C-\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]`
const leadingSpace = new RegExp(`^${space}+`, "u")
const onlySpace = new RegExp(`^${space}*$`, "u")
const word = String.raw`[\p{L}\p{N}_]`
const heading = new RegExp(`^(${word}(?:${space}|${word}|-)*):(?:${space}+[^\\s].*)?${space}*$`, "u")
const tabColumns = 8

/** Python's `inspect.cleandoc`: what `inspect.getdoc` gives, and so Prefect's flow description. */
export function cleandoc(text: string): string {
  const [first = "", ...rest] = expandTabs(text).split("\n")
  const margins = rest.filter((line) => !onlySpace.test(line)).map((line) => line.length - trimStart(line).length)
  const margin = margins.length === 0 ? 0 : Math.min(...margins)
  const lines = [trimStart(first), ...rest.map((line) => line.slice(margin))]
  // Only empty lines are dropped: one of spaces that is longer than the margin stays, as in Python.
  while (lines.at(-1) === "") lines.pop()
  while (lines[0] === "") lines.shift()
  return lines.join("\n")
}

/**
 * The descriptions in the `Args:` section of a Google style docstring, as griffe reads it for Prefect: the section
 * needs an empty line above it and an indented line right below it, and the last such section counts.
 */
export function parameterDescriptions(docstring: string): ReadonlyMap<string, string> {
  // Prefect hands over the cleaned text, and griffe cleans it again.
  const lines = cleandoc(trimEnd(cleandoc(docstring))).split("\n")
  let found: ReadonlyMap<string, string> = new Map()
  let inCode = false
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ""
    const fence = /^ *```/u.test(line)
    if (fence) inCode = !inCode
    const title = fence || inCode ? null : sectionTitle(lines, index)
    if (title === null) continue
    const block = readItems(lines, index + 1)
    const section = parameterTitles.has(title) ? toDescriptions(block.items) : null
    if (section !== null && section.size > 0) found = section
    index = block.end - 1
  }
  return found
}

const parameterTitles = new Set(["args", "arguments", "params", "parameters"])

/** The title of the section or admonition that starts at a line, or null when none does. */
function sectionTitle(lines: readonly string[], index: number): string | null {
  const title = heading.exec(lines[index] ?? "")?.[1]
  const below = lines[index + 1]
  if (title === undefined || below === undefined || onlySpace.test(below) || !below.startsWith(" ")) return null
  const emptyAbove = index === 0 || onlySpace.test(lines[index - 1] ?? "")
  return emptyAbove ? title.toLowerCase() : null
}

/** The items of an indented block: an item starts at the indent of the first line; what is deeper continues it. */
function readItems(lines: readonly string[], start: number): { items: string[][]; end: number } {
  const first = lines[start] ?? ""
  const indent = first.length - trimStart(first).length
  const items: string[][] = [[first.slice(indent)]]
  let index = start + 1
  for (; index < lines.length; index += 1) {
    const line = lines[index] ?? ""
    const item = items.at(-1) ?? []
    if (onlySpace.test(line)) item.push("")
    else if (line.startsWith(" ".repeat(indent * 2))) item.push(line.slice(indent * 2))
    else if (line.startsWith(" ".repeat(indent + 1))) item.push(trimStart(line))
    else if (line.startsWith(" ".repeat(indent))) items.push([line.slice(indent)])
    else break
  }
  return { items, end: index }
}

function toDescriptions(items: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const descriptions = new Map<string, string>()
  for (const [head = "", ...more] of items) {
    const colon = head.indexOf(":")
    if (colon === -1) continue
    const named = head.slice(0, colon)
    // `name (type)`: only here is the name trimmed.
    const name = named.includes("(") && named.endsWith(")") ? trim(named.slice(0, named.indexOf("("))) : named
    descriptions.set(name, [trimStart(head.slice(colon + 1)), ...more].join("\n").replace(/\n+$/u, ""))
  }
  return descriptions
}

function expandTabs(text: string): string {
  if (!text.includes("\t")) return text
  let column = 0
  let expanded = ""
  for (const character of text) {
    const filled = character === "\t" ? " ".repeat(tabColumns - (column % tabColumns)) : character
    expanded += filled
    column = character === "\n" || character === "\r" ? 0 : column + (character === "\t" ? filled.length : 1)
  }
  return expanded
}

function trimStart(text: string): string {
  return text.replace(leadingSpace, "")
}

function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && onlySpace.test(text[end - 1] ?? "")) end -= 1
  return text.slice(0, end)
}

function trim(text: string): string {
  return trimStart(trimEnd(text))
}
