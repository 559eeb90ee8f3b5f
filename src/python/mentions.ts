import { scan } from "./grammar/scanner.ts"
import { TooManyTokens, type Tokens } from "./grammar/tokens.ts"

/** What a Python file refers to, as far as its tokens tell: enough to say what running it can't touch. */
export interface Mentions {
  readonly imports: readonly Import[]
  /** It may import, or run, what no import statement names. */
  readonly isOpen: boolean
  /** It may change where modules are looked for. */
  readonly changesPath: boolean
  /** What stands in its texts: names of files and folders, if they are any. */
  readonly words: ReadonlySet<string>
}

export interface Import {
  /** `a.b` of `from ..a.b import c`; may be empty. */
  readonly module: readonly string[]
  /** Dots before it. */
  readonly level: number
  /** What is imported from it, each a submodule perhaps; null = the statement is `import a.b`; `*` = all that it has. */
  readonly names: readonly string[] | null
  /** It stands in no block, so it runs when the file does, and not later. */
  readonly isAtOnce: boolean
}

export const openMentions: Mentions = { imports: [], isOpen: true, changesPath: true, words: new Set() }

/** Names with which Python code reaches modules, other programs or itself by texts. */
const openers = new Set(
  (
    "importlib import_module __import__ __loader__ __spec__ __path__ __builtins__ builtins runpy run_module run_path imp " +
    "pkgutil pkg_resources zipimport meta_path path_hooks entry_points import_object import_string ImportString " +
    "load_script_as_module load_flow_from_entrypoint locate SourceFileLoader pickle cPickle cloudpickle dill joblib " +
    "shelve marshal subprocess popen Popen create_subprocess_exec create_subprocess_shell execv execve execvp execl execlp " +
    "spawnv spawnl posix_spawn pty ShellOperation ShellTask shell_run_command run_process instantiate kedro django celery " +
    "hydra scrapy luigi pluggy stevedore pytest unittest doctest"
  ).split(" "),
)
/** The same, but as methods these are something else: the mode of a model, a pattern. */
const bareOpeners = new Set(["exec", "eval", "compile", "execfile"])
const pathWords = new Set(["addsitedir", "extend_path", "chdir", "syspath_prepend"])
const wordRule = /[\w-]+(?:\.[\w-]+)*/g

/** A file that Python refuses, or that is too long, may do anything. */
export function mentionsOf(text: string): Mentions {
  try {
    const tokens = scan(text)
    return tokens.failure === null ? new Reader(tokens).read() : openMentions
  } catch (error) {
    if (error instanceof TooManyTokens) return openMentions
    throw error
  }
}

/** What may name a file or a folder in a text: `data`, `query.sql`. */
export function wordsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(wordRule)].map(([word]) => word))
}

class Reader {
  readonly #tokens: Tokens
  readonly #imports: Import[] = []
  readonly #words = new Set<string>()
  readonly #names = new Set<string>()
  #isOpen = false
  #depth = 0
  #at = 0

  constructor(tokens: Tokens) {
    this.#tokens = tokens
  }

  read(): Mentions {
    for (; this.#at < this.#tokens.kinds.length; this.#at += 1) this.#one(this.#tokens.kinds[this.#at] as string)
    const changesPath =
      (this.#names.has("sys") && this.#names.has("path")) || [...pathWords].some((word) => this.#names.has(word))
    const hidesSystem = this.#names.has("os") && this.#names.has("system")
    return { imports: this.#imports, isOpen: this.#isOpen || hidesSystem, changesPath, words: this.#words }
  }

  #one(kind: string): void {
    if (kind === "indent") this.#depth += 1
    else if (kind === "dedent") this.#depth -= 1
    else if (kind === "import") this.#plain()
    else if (kind === "from") this.#from()
    else if (kind === "name") this.#name(this.#text(this.#at))
    else if (kind === "string" || kind === "fstring-middle")
      for (const word of wordsIn(this.#text(this.#at))) this.#words.add(word)
  }

  #name(name: string): void {
    this.#names.add(name)
    const isAttribute = this.#tokens.kinds[this.#at - 1] === "."
    if (openers.has(name) || (bareOpeners.has(name) && !isAttribute)) this.#isOpen = true
  }

  /** `import a.b as c, d`. */
  #plain(): void {
    do {
      this.#at += 1
      const module = this.#dotted()
      if (module.length > 0) this.#add({ module, level: 0, names: null })
      this.#skipAlias()
    } while (this.#kind() === ",")
    this.#at -= 1
  }

  /** `from ..a import (b as c, d)`; any other `from` raises or yields. */
  #from(): void {
    const start = this.#at
    let level = 0
    for (this.#at += 1; this.#kind() === "." || this.#kind() === "..."; this.#at += 1) level += this.#kind().length
    const module = this.#dotted()
    if (this.#kind() !== "import") {
      this.#at = start
      return
    }
    const names: string[] = []
    do {
      this.#at += 1
      if (this.#kind() === "(") this.#at += 1
      if (this.#kind() === "*" || this.#isName()) {
        names.push(this.#text(this.#at))
        this.#note()
        this.#at += 1
      }
      this.#skipAlias()
    } while (this.#kind() === ",")
    this.#add({ module, level, names })
    this.#at -= 1
  }

  #skipAlias(): void {
    if (this.#kind() === "as") this.#at += 2
  }

  #dotted(): readonly string[] {
    const parts: string[] = []
    while (this.#isName()) {
      parts.push(this.#text(this.#at))
      this.#note()
      this.#at += 1
      if (this.#kind() !== ".") break
      this.#at += 1
    }
    return parts
  }

  #note(): void {
    if (this.#kind() === "name") this.#name(this.#text(this.#at))
  }

  #isName(): boolean {
    return /^[\p{XID_Start}_]/u.test(this.#text(this.#at)) && this.#kind() !== "import" && this.#kind() !== "as"
  }

  #add(found: Omit<Import, "isAtOnce">): void {
    this.#imports.push({ ...found, isAtOnce: this.#depth === 0 })
  }

  #kind(): string {
    return this.#tokens.kinds[this.#at] ?? "end"
  }

  #text(at: number): string {
    return this.#tokens.source.slice(this.#tokens.starts[at], this.#tokens.ends[at])
  }
}
