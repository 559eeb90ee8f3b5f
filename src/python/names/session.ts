import type { Location } from "../../core/model.ts"
import type { PythonParser } from "../grammar/parse.ts"
import type { ReadFile, Surroundings } from "../reading.ts"
import { type Scope, toScope } from "./scope.ts"
import type { ModuleSyntax, Place } from "../grammar/syntax.ts"

/** Bounds over hostile repositories: files followed, expressions looked at, and depth, for one flow. */
const filesMax = 200
const stepsMax = 50_000
const depthMax = 150
/** Characters and items of all values that are made for one flow; a value that is looked at twice counts twice. */
const heldMax = 20_000_000

/** Thrown inside this room where something can't be known; caught per parameter, name or description. */
export class Undecided extends Error {
  override readonly name = "Undecided"
  readonly at: Location
  constructor(reason: string, at: Location) {
    super(reason)
    this.at = at
  }
}

/** A name that isn't bound when Python looks for it, so that it raises a NameError. */
export class NotBound extends Undecided {}

/** A type from a package that isn't in the repository. */
export class Foreign extends Undecided {}

/** A type that has no JSON schema: Prefect then takes the whole parameter as untyped. */
export class Untyped extends Error {
  override readonly name: string = "Untyped"
}

/** A text that Prefect can't look up: unlike a type without schema it takes a union around it along. */
export class Unresolved extends Untyped {
  override readonly name = "Unresolved"
}

/** A default that has no JSON form (a function or a class): pydantic leaves it out of the schema. */
export class Unwritable extends Error {
  override readonly name = "Unwritable"
}

/** The reading of one flow: the files it has seen, the files it lacks, and how much work it has done. */
export class Session {
  readonly entry: string
  readonly parser: PythonParser
  readonly around: Surroundings
  /** Files that must be read before the answer is final. */
  readonly needs = new Set<string>()
  readonly #readFile: ReadFile
  readonly #scopes = new Map<string, Scope | string>()
  readonly #active = new Set<string>()
  #steps = 0
  #held = 0
  #depth = 0

  constructor(entry: string, parser: PythonParser, readFile: ReadFile, around: Surroundings) {
    this.entry = entry
    this.parser = parser
    this.around = around
    this.#readFile = readFile
  }

  exists(path: string): boolean {
    return this.#readFile(path).kind !== "missing"
  }

  /** Takes the file that everything starts from. */
  enter(module: ModuleSyntax): Scope {
    const scope = toScope(this.entry, module)
    this.#scopes.set(this.entry, scope)
    return scope
  }

  /** The files that were followed so far. */
  get followed(): readonly Scope[] {
    return [...this.#scopes.values()].filter((scope) => typeof scope !== "string")
  }

  /** The names of an imported file, or why they can't be read. */
  scope(path: string): Scope | string {
    const known = this.#scopes.get(path)
    if (known !== undefined) return known
    if (this.#scopes.size >= filesMax) return `more than ${filesMax} files would have to be followed`
    const scope = this.#open(path)
    this.#scopes.set(path, scope)
    return scope
  }

  /** Runs one step of the reading within the bounds; `key` guards against going round in circles. */
  within<T>(at: Location, key: string | null, step: () => T): T {
    this.#steps += 1
    if (this.#steps > stepsMax || this.#depth > depthMax) throw new Undecided("it is too complex to follow", at)
    if (key !== null && this.#active.has(key)) throw new Undecided("it refers to itself", at)
    this.#depth += 1
    if (key !== null) this.#active.add(key)
    try {
      return step()
    } finally {
      this.#depth -= 1
      if (key !== null) this.#active.delete(key)
    }
  }

  /** Counts what a value holds, before anybody walks through it or writes it down. @throws Undecided */
  hold(size: number, at: Location): void {
    this.#held += size
    if (this.#held > heldMax) throw new Undecided("its values are too large to follow", at)
  }

  #open(path: string): Scope | string {
    const file = this.#readFile(path)
    if (file.kind === "missing") return `${path} doesn't exist`
    if (file.kind === "unreadable") return `${path} can't be read: ${file.reason}`
    if (file.kind === "unread") {
      this.needs.add(path)
      return `${path} isn't read yet`
    }
    const parsed = this.parser.parse(file.text)
    if (parsed.kind === "too-large") return `${path} is too large`
    return parsed.kind === "module" ? toScope(path, parsed.module) : `${path} has a syntax error`
  }
}

export function locate(scope: Scope, place: Place): Location {
  return { file: scope.path, line: place.line, column: place.column }
}
