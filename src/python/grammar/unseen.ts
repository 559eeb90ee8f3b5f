import type { Unseen } from "./syntax.ts"
import type { Tokens } from "./tokens.ts"

export function unseenIn(tokens: Tokens): Unseen {
  const code = new Code(tokens)
  const found = { binds: false, sets: false, sharesEnvironment: sharesEnvironment(code, tokens.kinds.length) }
  for (let at = 0; at < tokens.kinds.length; at += 1) {
    if (tokens.kinds[at] === "string") found.binds ||= namesGlobals(code.word(at))
    if (tokens.kinds[at] !== "name") continue
    const word = code.word(at)
    found.binds ||= binders.get(word)?.(code, at) ?? false
    found.sets ||= setters.get(word)?.(code, at) ?? /^__\w*setattr__$/u.test(word)
  }
  return found
}

type Use = (code: Code, at: number) => boolean

const always: Use = () => true
/** The builtin of that name, not a method, an argument or a second meaning. */
const own: Use = (code, at) => !code.isAttribute(at) && code.kind(at - 1) !== "def" && code.kind(at + 1) !== "="

/** Uses of these may bind names of a module. Its own object is reached by some of them only. */
const binders: ReadonlyMap<string, Use> = new Map<string, Use>([
  ["exec", own],
  ["eval", own],
  ["globals", (code, at) => own(code, at) && !isRead(code, at)],
  ["locals", (code, at) => own(code, at) && !isRead(code, at)],
  // Of an object it is no namespace of a module, unless one of the others has reached that.
  ["vars", (code, at) => own(code, at) && !(code.isCall(at) && code.word(at + 2) !== ")") && !isRead(code, at)],
  ["builtins", always],
  ["__builtins__", always],
  ["__globals__", always],
  ["f_globals", always],
  ["f_locals", always],
  ["f_builtins", always],
  ["getmodule", always],
  ["get_objects", always],
  ["get_referents", always],
  ["get_referrers", always],
  ["ctypes", always],
  ["__main__", always],
  ["__import__", reachesAnyModule],
  ["import_module", reachesAnyModule],
  ["modules", reachesModules],
])

/** Uses of these may set attributes of any object. */
const setters: ReadonlyMap<string, Use> = new Map<string, Use>([
  ["exec", own],
  ["eval", own],
  ["builtins", always],
  ["__builtins__", always],
  ["setattr", own],
  ["delattr", own],
  ["__delattr__", always],
  ["vars", (code, at) => own(code, at) && code.word(at - 1) !== "**"],
  ["__dict__", (code, at) => !isItemRead(code, at)],
])

/** `globals().get("x")`, `"x" in globals()`, `**globals()`, `"%(x)s" % locals()`, `print(globals())`. */
function isRead(code: Code, at: number): boolean {
  if (!code.isCall(at) || code.word(at + 2) !== ")") return false
  const [before, after] = [code.word(at - 1), code.word(at + 3)]
  if (after === ".") return readers.has(code.word(at + 4)) && code.word(at + 5) === "("
  if (after === "[") return false
  return (
    ["**", "in", "%"].includes(before) ||
    (before === "(" && [")", ","].includes(after) && harmless.has(code.word(at - 2)))
  )
}

const readers = new Set(["get", "keys", "values", "items", "copy"])
const harmless = new Set(["print", "pprint", "dict", "len", "str", "repr", "list", "sorted"])

/** `x.__dict__["name"]` within a larger expression, so that it is no target. */
function isItemRead(code: Code, at: number): boolean {
  const item = code.word(at + 1) === "[" && code.word(at + 3) === "]"
  return item && [")", "]", "}", ",", ":", "newline"].includes(code.word(at + 4))
}

/** With a plain text it names another module. */
function reachesAnyModule(code: Code, at: number): boolean {
  if (code.isCall(at)) return !(code.kind(at + 2) === "string" && [")", ","].includes(code.word(at + 3)))
  return !isImported(code, at) || code.word(at + 1) === "as"
}

/** `sys.modules`, by whatever name `sys` goes; but `model.modules()` is something else. */
function reachesModules(code: Code, at: number): boolean {
  if (!code.isAttribute(at)) return isImported(code, at)
  const asked = code.word(at - 3) === "in" && ![".", "["].includes(code.word(at + 1))
  return !asked && code.word(at + 1) !== "("
}

function isImported(code: Code, at: number): boolean {
  for (let before = at - 1; code.kind(before) !== "newline" && before >= 0; before -= 1)
    if (code.kind(before) === "import") return true
  return false
}

/** `getattr(f, "__globals__")` */
function namesGlobals(text: string): boolean {
  return /^\w*["']+(?:__globals__|__builtins__|f_globals|f_locals)["']+$/u.test(text)
}

/**
 * Whether the mapping gets anywhere but to a reader: `os.environ.get("A")`, `os.environ["A"]`, `"A" in os.environ`,
 * `{**os.environ}`, `dict(os.environ)`, `run(…, env=os.environ)`. A second name is followed.
 */
function sharesEnvironment(code: Code, count: number): boolean {
  const names = new Set(["environ"])
  for (let at = 0; at < count; at += 1) {
    if (code.kind(at) === "string" && /^\w*["']+(?:os\.)?environb?["']+$/u.test(code.word(at))) return true
    if (code.kind(at) !== "name") continue
    const word = code.word(at)
    if (word === "environb") return true
    if (!names.has(word) || (word !== "environ" && code.isAttribute(at))) continue
    const second = secondName(code, at)
    if (second !== null) names.add(second)
    else if (code.word(at + 1) !== "=" && !isOnlyRead(code, at)) return true
  }
  return false
}

/** `from os import environ as e`, `e = os.environ` */
function secondName(code: Code, at: number): string | null {
  if (isImported(code, at)) return code.word(at + 1) === "as" ? code.word(at + 2) : "environ"
  const start = code.startOf(at)
  const assigned = code.word(start - 1) === "=" && code.kind(at + 1) === "newline" && code.kind(start - 2) === "name"
  return assigned && ["newline", "indent", "dedent", "end", ";"].includes(code.kind(start - 3))
    ? code.word(start - 2)
    : null
}

function isOnlyRead(code: Code, at: number): boolean {
  const after = code.word(at + 1)
  // What is done to it by a method or an item shows by its name.
  if (after === "." || after === "[") return true
  const start = code.startOf(at)
  const before = code.word(start - 1)
  if (before === "**" || before === "in") return true
  if (![")", ","].includes(after)) return false
  return (before === "(" && harmless.has(code.word(start - 2))) || (before === "=" && code.word(start - 2) === "env")
}

class Code {
  readonly #tokens: Tokens

  constructor(tokens: Tokens) {
    this.#tokens = tokens
  }

  kind(at: number): string {
    return this.#tokens.kinds[at] ?? "end"
  }

  /** A name as Python compares it, a text as it is written, else the kind. */
  word(at: number): string {
    const kind = this.kind(at)
    if (kind !== "name" && kind !== "string") return kind
    return this.#tokens.source.slice(this.#tokens.starts[at], this.#tokens.ends[at]).normalize("NFKC")
  }

  /** Where `a.b.c` begins, of which this is the last name. */
  startOf(at: number): number {
    let start = at
    while (this.kind(start - 1) === "." && this.kind(start - 2) === "name") start -= 2
    return start
  }

  isAttribute(at: number): boolean {
    return this.kind(at - 1) === "."
  }

  isCall(at: number): boolean {
    return this.kind(at + 1) === "("
  }
}
