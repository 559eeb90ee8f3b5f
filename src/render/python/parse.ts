import { fileURLToPath } from "node:url"
import { Language, type Node, Parser } from "web-tree-sitter"
import { toExpression } from "./expression.ts"
import { placeOf } from "./loop.ts"
import { toStatements } from "./statement.ts"
import type { Expression, ModuleSyntax, Parsed, Place } from "./syntax.ts"

const fileBytesMax = 1024 * 1024
const parseMsMax = 2_000
/** A file of 1 MiB of plain data has 300,000; half a million one-letter statements would take seconds and 400 MB. */
const nodesMax = 500_000
/** Parsed files are kept for the next turn, because most commits change few files; bounds what that may take. */
const memoFilesMax = 2_000
const memoCharactersMax = 8 * 1024 * 1024
const annotationCharactersMax = 2_000

/** Parses Python texts into plain data, each text once while it is remembered. */
export class PythonParser {
  readonly #parser: Parser
  /** By text, least recently used first. */
  readonly #memo = new Map<string, Parsed>()
  #memoCharacters = 0

  private constructor(parser: Parser) {
    this.#parser = parser
  }

  static async open(): Promise<PythonParser> {
    await Parser.init()
    const language = await Language.load(fileURLToPath(new URL("tree-sitter-python.wasm", import.meta.url)))
    const parser = new Parser()
    parser.setLanguage(language)
    return new PythonParser(parser)
  }

  parse(text: string): Parsed {
    const parsed = this.#memo.get(text) ?? this.#read(text)
    this.#forget(text)
    this.#memo.set(text, parsed)
    this.#memoCharacters += text.length
    for (const oldest of this.#memo.keys()) {
      if (this.#memo.size <= memoFilesMax && this.#memoCharacters <= memoCharactersMax) break
      this.#forget(oldest)
    }
    return parsed
  }

  /** The expression in a string annotation, or null when it is none. Places in it are the place of the string. */
  parseAnnotation(text: string, at: Place): Expression | null {
    if (text.length > annotationCharactersMax) return null
    return this.#withRoot(`(${text.trim()}\n)`, (root) => {
      const statement = root.namedChild(0)
      if (root.hasError || root.namedChildCount !== 1 || statement?.type !== "expression_statement") return null
      return statement.namedChildCount === 1 ? placedAt(toExpression(statement.namedChild(0)), at) : null
    })
  }

  [Symbol.dispose](): void {
    this.#memo.clear()
    this.#parser.delete()
  }

  #forget(text: string): void {
    if (this.#memo.delete(text)) this.#memoCharacters -= text.length
  }

  #read(text: string): Parsed {
    if (text.length > fileBytesMax || Buffer.byteLength(text) > fileBytesMax) return { kind: "too-large" }
    // Python's own reader knows only one line end; a byte order mark isn't code.
    const source = text.replace(/^\uFEFF/u, "").replaceAll(/\r\n?/gu, "\n")
    const module = this.#withRoot(source, (root) => (root.descendantCount > nodesMax ? null : toModule(root, source)))
    return module === null ? { kind: "too-slow" } : { kind: "module", module }
  }

  /** The tree lives in the WASM heap, so it is freed before this returns. */
  #withRoot<T>(source: string, use: (root: Node) => T | null): T | null {
    const deadline = performance.now() + parseMsMax
    const tree = this.#parser.parse(source, null, { progressCallback: () => performance.now() > deadline })
    if (tree === null) {
      this.#parser.reset()
      return null
    }
    try {
      return use(tree.rootNode)
    } finally {
      tree.delete()
    }
  }
}

function toModule(root: Node, source: string): ModuleSyntax {
  return {
    statements: toStatements(root),
    lazyAnnotations: root.namedChildren.some(
      (node) => node.type === "future_import_statement" && /\bannotations\b/u.test(node.text),
    ),
    globals: new Set(matches(source, /^[ \t]+global[ \t]+(.+)$/gmu).flatMap((names) => names.match(/\w+/gu) ?? [])),
    mutated: new Set(matches(source, mutation)),
    text: source,
    broken: root.hasError ? firstError(root) : null,
  }
}

/** Calls and assignments that change a list, set or dictionary in place, wherever they stand. */
const mutation =
  /\b([A-Za-z_]\w*)[ \t]*(?:\.[ \t]*(?:append|extend|insert|update|add|pop|popitem|remove|clear|setdefault|sort|reverse|discard)\b|\[[^\]\n]{0,80}\][ \t]*(?:[-+*/|&^%@]|\*\*|\/\/|<<|>>)?=(?!=))/gu

function matches(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map((match) => match[1] ?? "")
}

function firstError(root: Node): Place {
  let node = root
  for (;;) {
    const next = node.children.find((child) => child.isError || child.isMissing || child.hasError)
    if (next === undefined) return placeOf(node)
    if (next.isError || next.isMissing) return placeOf(next)
    node = next
  }
}

function placedAt(expression: Expression, at: Place): Expression {
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === "at" ? at : move(part)]))
  }
  return move(expression) as Expression
}
