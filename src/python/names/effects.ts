import type { ClassSyntax, ModuleSyntax } from "../grammar/syntax.ts"

/**
 * What code that isn't followed may do to the attributes of instances. It is searched for in the text, strings and
 * comments included: better seen once too often than once too seldom.
 */

/** Names of attributes that something in the file may set, other than a plain statement of a constructor on itself. */
export const attributesSetIn = oncePer((module: ModuleSyntax): ReadonlySet<string> => {
  const plain = tally(constructorStores(module))
  const all = tally(logicalLines(module.text).flatMap((line) => [...storesIn(line)]))
  const names = [...all].filter(([store, count]) => count > (plain.get(store) ?? 0)).map(([store]) => nameOf(store))
  return new Set(names)
})

/** Whether methods of a class hand their instance to code outside of it, or construct it again. */
export const letsItselfOut = oncePer((syntax: ClassSyntax): boolean => {
  const code = syntax.text.replaceAll(quoted, (text, prefix: string | undefined) => {
    if (text.startsWith("#")) return ""
    return /f/iu.test(prefix ?? "") ? text : "''"
  })
  const harmless =
    /\bdef[ \t]+\w+[ \t]*\(\s*self\b|\breturn[ \t]+self\b(?=[ \t]*$)|\bsuper[ \t]*\([ \t]*\w+[ \t]*,[ \t]*self\b|\b(?:isinstance|type|len|str|repr|hasattr|getattr)[ \t]*\([ \t]*self\b/gmu
  return /(?<![\w.])self\b(?![ \t]*\.)/u.test(code.replaceAll(harmless, "")) || code.includes(":=")
})

/** How often a class names a constructor to call it. */
export const constructorCalls = oncePer(
  (syntax: ClassSyntax): number => [...syntax.text.matchAll(/\.\s*__(?:init|post_init)__\b/gu)].length,
)

/** Whether a class sets attributes of its own, or of what it doesn't name. */
export const setsItself = oncePer((syntax: ClassSyntax): boolean =>
  /\bcls\s*\.\s*\w+\s*(?:[-+*/|&^%@]|\*\*|\/\/|<<|>>)?=(?!=)|\bsetattr\b|__class__|__dict__/u.test(syntax.text),
)

/** Whether the file reads a `.env` over what is set already. */
export const overridesEnvironment = oncePer((module: ModuleSyntax): boolean =>
  /\bload_dotenv\s*\([^)]*\boverride\s*=\s*True/u.test(module.text),
)

/** The search through a text is made once, however many values ask for it. */
function oncePer<Syntax extends object, Answer>(search: (syntax: Syntax) => Answer): (syntax: Syntax) => Answer {
  const known = new WeakMap<Syntax, { readonly answer: Answer }>()
  return (syntax) => {
    const found = known.get(syntax) ?? { answer: search(syntax) }
    known.set(syntax, found)
    return found.answer
  }
}

/** Texts and comments. What stands in an f-string is code. */
const quoted =
  /(?:\b([A-Za-z]{1,2})|)(?:"""(?:\\[\s\S]|(?!""")[^\\])*"""|'''(?:\\[\s\S]|(?!''')[^\\])*'''|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')|#[^\n]*/gu

interface Line {
  readonly number: number
  readonly text: string
}
const continuedMax = 50

/** The lines of a text; one that a backslash or an opening bracket at its start continues, with those that follow. */
function logicalLines(text: string): readonly Line[] {
  const lines: Line[] = []
  let open: Line | null = null
  let last = 0
  for (const [index, next] of text.split("\n").entries()) {
    const line: Line = open === null ? { number: index + 1, text: next } : { ...open, text: `${open.text} ${next}` }
    if (open === null) last = index + continuedMax
    if (index < last && isContinued(line.text)) {
      open = { ...line, text: line.text.replace(/\\$/u, "") }
    } else {
      lines.push(line)
      open = null
    }
  }
  return open === null ? lines : [...lines, open]
}

function isContinued(line: string): boolean {
  if (line.endsWith("\\")) return true
  return /^[ \t]*[([]/u.test(line) && count(line, /[([{]/gu) > count(line, /[)\]}]/gu)
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

/** `=` and `+=` and their like, but no comparison and no `:=`. */
const assignment = /(?<![=!:]|(?<!<)<|(?<!>)>)=(?!=)/gu
const string = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/gu
const token = /\b(?:for|as|del|in)\b|[([{}\])]|\.\s*([A-Za-z_]\w*)\s*/gu
const assigned = /^(?:[-+*/|&^%@]|\*\*|\/\/|<<|>>)?=(?!=)/u

/** `line:name` for each attribute that a line may set. */
function* storesIn({ number, text }: Line): Generator<string> {
  const code = text.replaceAll(string, "")
  const last = [...code.matchAll(assignment)].at(-1)?.index ?? -1
  let place: Place = { binding: "no", brackets: [], calls: 0 }
  for (const match of code.matchAll(token)) {
    const [whole, name] = match
    if (name === undefined) {
      place = nextPlace(place, whole, code[match.index - 1] ?? "")
      continue
    }
    const after = code.slice(match.index + whole.length, match.index + whole.length + 4)
    const listed = match.index < last && place.calls === 0 && /^[,)\]:]/u.test(after)
    if (place.binding !== "no" || listed || assigned.test(after)) yield `${number}:${name}`
  }
}

/** Where in a line an attribute stands. */
interface Place {
  /** Within `for x.a in`, and after `as` and `del`, an attribute is bound too. */
  readonly binding: "no" | "for" | "always"
  /** The brackets around it, and whether each belongs to a call, a subscript or a `def`: no target stands in those. */
  readonly brackets: boolean[]
  readonly calls: number
}

function nextPlace(place: Place, word: string, before: string): Place {
  const { brackets, calls } = place
  if (/[([{]/u.test(word)) {
    const call = word === "{" || /[\w)\]]/u.test(before)
    brackets.push(call)
    return { ...place, calls: calls + Number(call) }
  }
  if (/[)\]}]/u.test(word)) return { ...place, calls: Math.max(0, calls - Number(brackets.pop() ?? false)) }
  if (word === "as" || word === "del" || place.binding === "always") return { ...place, binding: "always" }
  return { ...place, binding: word === "for" ? "for" : "no" }
}

function nameOf(store: string): string {
  return store.slice(store.indexOf(":") + 1)
}

/** What constructors of the file's classes set on their own instance, in the same form. */
function constructorStores(module: ModuleSyntax): readonly string[] {
  return module.statements.flatMap((statement) => {
    if (statement.kind !== "class") return []
    return statement.body.flatMap((method) => {
      if (method.kind !== "function") return []
      const self = method.parameters[0]?.name
      return (method.steps ?? []).flatMap((step) =>
        step.kind === "set" && step.object === self ? [`${step.at.line}:${step.attribute}`] : [],
      )
    })
  })
}

function tally(all: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1)
  return counts
}
