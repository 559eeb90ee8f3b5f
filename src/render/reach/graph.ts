import type { Import, Mentions } from "../../python/mentions.ts"
import { folderOf, lastOf, type Providers } from "./providers.ts"

/** Where a run begins. */
export interface Start {
  /** The flow's file. */
  readonly file: string
  /** The folder that the worker stands in. */
  readonly base: string
  /** Loaded as a script, so that its folder and `base` come first on the search path, until it is loaded. */
  readonly isScript: boolean
  /** What stands in texts of the entry: they may name files, too. */
  readonly words: ReadonlySet<string>
  /** The entry alone may run, or import, anything. */
  readonly isOpen: boolean
}

/** What a run may reach of the Python files of a commit. */
export interface Reach {
  /** Null = all of them. */
  readonly files: ReadonlySet<string> | null
  /** Of all files reached, and of the entry. */
  readonly words: ReadonlySet<string>
  /** Blobs that must be read before it is known. */
  readonly unread: readonly string[]
}

const filesMax = 2_000
/** In memory before any flow is loaded, so no file of the repository takes their place. */
const loaded = new Set(["prefect", "sys", "builtins", "typing", "pydantic", "pydantic_settings", "asyncio", "logging"])

export type Known = (oid: string) => Mentions | undefined

/** Follows imports from the flow's file through every file that may be meant, which is more than Python would take. */
export function reachOf(start: Start, providers: Providers, known: Known): Reach {
  const near = new Walk(start, providers, known, true).walk()
  // Who changes the search path may have anything found elsewhere.
  return near === "changes-path" ? (new Walk(start, providers, known, false).walk() as Reach) : near
}

class Walk {
  readonly #start: Start
  readonly #providers: Providers
  readonly #known: Known
  /** Imports that run while the flow is loaded find what lies beside it first. */
  readonly #nearFirst: boolean
  readonly #files = new Set<string>()
  readonly #atOnce = new Set<string>()
  readonly #queue: (readonly [path: string, atOnce: boolean])[] = []
  readonly #unread = new Set<string>()
  readonly #words: Set<string>
  #isOpen: boolean

  constructor(start: Start, providers: Providers, known: Known, nearFirst: boolean) {
    this.#start = start
    this.#providers = providers
    this.#known = known
    this.#nearFirst = nearFirst && start.isScript
    this.#words = new Set(start.words)
    this.#isOpen = start.isOpen
  }

  walk(): Reach | "changes-path" {
    this.#add([this.#start.file], true)
    for (const word of this.#start.words) this.#named(word)
    for (let next = this.#queue.shift(); next && !this.#isOpen; next = this.#queue.shift()) {
      const [path, atOnce] = next
      const mentions = this.#read(path)
      if (mentions && this.#nearFirst && mentions.changesPath) return "changes-path"
      if (mentions) this.#follow(mentions, path, atOnce)
    }
    if (this.#isOpen) return { files: null, words: this.#words, unread: [] }
    return { files: this.#files, words: this.#words, unread: [...this.#unread] }
  }

  #follow(mentions: Mentions, path: string, atOnce: boolean): void {
    for (const word of mentions.words) this.#word(word)
    for (const each of mentions.imports) this.#imported(each, path, atOnce && each.isAtOnce)
    if (mentions.isOpen || this.#files.size > filesMax) this.#isOpen = true
  }

  #read(path: string): Mentions | undefined {
    const oid = this.#providers.oid(path)
    if (oid === undefined || !this.#providers.isText(path)) {
      // A compiled module, or a link to one: nobody knows what it imports.
      this.#isOpen = true
      return undefined
    }
    const mentions = this.#known(oid)
    if (!mentions) this.#unread.add(oid)
    return mentions
  }

  #add(paths: readonly string[], atOnce: boolean): void {
    for (const path of paths) {
      const isNews = !this.#files.has(path) || (!atOnce && this.#atOnce.has(path))
      if (!isNews) continue
      this.#files.add(path)
      if (atOnce) this.#atOnce.add(path)
      else this.#atOnce.delete(path)
      this.#queue.push([path, atOnce])
    }
  }

  #word(word: string): void {
    if (this.#words.has(word)) return
    this.#words.add(word)
    this.#named(word)
  }

  #named(word: string): void {
    if (word.endsWith(".py")) this.#add(this.#providers.scripts(lastOf(word)), false)
  }

  #imported(found: Import, path: string, atOnce: boolean): void {
    const { module, level, names } = found
    if (level > 0) this.#add(this.#relative(found, path), atOnce)
    else if (!loaded.has(module[0] ?? "") && this.#providers.bears(module[0] ?? ""))
      this.#absolute(module, names, atOnce)
  }

  #absolute(module: readonly string[], names: Import["names"], atOnce: boolean): void {
    const near = this.#nearFirst && atOnce ? this.#near(module, names) : null
    if (near) {
      this.#add(near, true)
      return
    }
    const own = module.flatMap((_, n) => this.#providers.files(module.slice(0, n + 1)))
    const whole = this.#providers.files(module)
    // A regular package that lacks it makes it up; of a mere folder another package of that name may have it.
    if (whole.length === 0 && !this.#providers.isFolder(module) && own.length > 0) this.#isOpen = true
    this.#add([...own, ...this.#submodules(module, names, whole)], false)
  }

  #submodules(module: readonly string[], names: Import["names"], whole: readonly string[]): readonly string[] {
    return (names ?? []).flatMap((name) =>
      name === "*" ? whole.flatMap((path) => this.#providers.beside(path)) : this.#providers.files([...module, name]),
    )
  }

  /** All that is meant when it lies beside the flow or in the working folder; null when it doesn't, or not wholly. */
  #near(module: readonly string[], names: Import["names"]): readonly string[] | null {
    if (names?.includes("*")) return null
    const roots = new Set([folderOf(this.#start.file), this.#start.base])
    const found = [...roots].map((root) => this.#below(root, module, names)).filter((files) => files !== null)
    return found.length > 0 ? found.flat() : null
  }

  #below(root: string, module: readonly string[], names: Import["names"]): readonly string[] | null {
    const fileOf = (parts: readonly string[]): readonly string[] => {
      const stem = [...(root === "" ? [] : [root]), ...parts].join("/")
      return [`${stem}/__init__.py`, `${stem}.py`].filter((path) => this.#providers.oid(path) !== undefined)
    }
    const parts = module.map((_, n) => fileOf(module.slice(0, n + 1)))
    if (parts.some((files) => files.length === 0)) return null
    return [...parts.flat(), ...(names ?? []).flatMap((name) => fileOf([...module, name]))]
  }

  /** Relative to the folder of the file. */
  #relative({ module, level, names }: Import, path: string): readonly string[] {
    if (names?.includes("*") && module.length === 0) this.#isOpen = true
    const wanted = [module, ...(names ?? []).filter((name) => name !== "*").map((name) => [...module, name])]
    const own = upFrom(folderOf(path), level - 1)
    return this.#joined(own).flatMap((root) => {
      const init = root === "" ? "__init__.py" : `${root}/__init__.py`
      const packages = this.#providers.oid(init) === undefined ? [] : [init]
      const below = wanted.flatMap((parts) => parts.flatMap((_, n) => this.#ofFolder(root, parts.slice(0, n + 1))))
      const all = names?.includes("*") ? below.flatMap((file) => this.#providers.beside(file)) : []
      return [...packages, ...below, ...all]
    })
  }

  /**
   * Prefect loads a script as one package of two folders, its own and the working folder
   * (`utilities/importtools.py: load_script_as_module`), so whoever climbs to one of them finds what is in the other, too.
   */
  #joined(folder: string | null): readonly string[] {
    if (folder === null) return []
    const script = new Set([folderOf(this.#start.file), this.#start.base])
    return script.has(folder) ? [...script] : [folder]
  }

  /** In this folder; one without `__init__.py` is joined with others of its name. */
  #ofFolder(root: string, parts: readonly string[]): readonly string[] {
    const name = lastOf(root)
    const isRegular = this.#providers.oid(root === "" ? "__init__.py" : `${root}/__init__.py`) !== undefined
    const all = this.#providers.files(root === "" || !isRegular ? [...(name === "" ? [] : [name]), ...parts] : parts)
    return all.filter((path) => !isRegular || path.startsWith(`${root}/`) || root === "")
  }
}

function upFrom(folder: string, levels: number): string | null {
  let at = folder
  for (let left = levels; left > 0; left -= 1) {
    if (at === "") return null
    at = folderOf(at)
  }
  return at
}
