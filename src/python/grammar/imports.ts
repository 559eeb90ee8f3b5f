import type { ImportedName, Place, Statement } from "./syntax.ts"
import { Parameters } from "./parameter-list.ts"
import { Sharing } from "./sharing.ts"

const futureFeatures: ReadonlySet<string> = new Set(
  (
    "annotations nested_scopes generators division absolute_import with_statement print_function unicode_literals " +
    "barry_as_FLUFL generator_stop"
  ).split(" "),
)

/** Import statements, and which of them may come first (Simple statements). */
export abstract class Imports extends Parameters {
  protected readonly sharing = new Sharing()
  /** `from __future__ import annotations` was read. */
  protected lazyAnnotations = false
  /** Imports from `__future__` may only follow the docstring and each other. */
  protected start: "docstring" | "imports" | "over" = "docstring"

  /** Notes that code was read after which no import from `__future__` may come. */
  protected leaveStart(): void {
    this.start = "over"
  }

  protected importModules(at: Place): Statement[] {
    this.expect("import")
    const imports: Statement[] = []
    do {
      const module = this.#dottedName()
      const as = this.skip("as") ? this.#imported() : null
      const [top = ""] = module.split(".", 1)
      if (as === null && top === "__debug__") this.fail("cannot assign to __debug__")
      if (as === null) this.scopes.imports(top)
      imports.push({ kind: "import", module, as, at })
    } while (this.skip(","))
    return imports
  }

  /** The name that an import binds. */
  #imported(): string {
    this.checkName()
    const name = this.identifier()
    this.scopes.imports(name)
    return name
  }

  #dottedName(): string {
    let name = this.identifier()
    while (this.skip(".")) name += `.${this.identifier()}`
    return name
  }

  protected importFrom(at: Place): Statement {
    this.expect("from")
    let level = 0
    for (; this.kind === "." || this.kind === "..."; this.next()) level += this.kind.length
    const module = level > 0 && this.kind === "import" ? "" : this.#dottedName()
    this.expect("import")
    const names = this.#importedNames()
    if (level === 0 && module === "__future__") this.#checkFuture(names, at)
    return { kind: "from", module, level, names, at }
  }

  #importedNames(): readonly ImportedName[] | "*" {
    if (this.kind === "*") {
      if (this.context.body !== "module") this.fail("import * only allowed at module level")
      this.next()
      return "*"
    }
    const inBrackets = this.skip("(")
    const names: ImportedName[] = []
    do {
      const name = this.identifier()
      const as = this.skip("as") ? this.#imported() : name
      if (as === "__debug__") this.fail("cannot assign to __debug__")
      this.scopes.imports(as)
      if (as !== name) this.sharing.add(as, [name])
      names.push({ name, as })
    } while (this.skip(",") && this.kind !== ")")
    if (inBrackets) this.expect(")")
    return names
  }

  #checkFuture(names: readonly ImportedName[] | "*", at: Place): void {
    if (this.start === "over") this.fail("from __future__ imports must occur at the beginning of the file", at)
    for (const { name } of names === "*" ? [{ name: "*" }] : names) {
      if (!futureFeatures.has(name)) this.fail(`future feature ${name} is not defined`, at)
      if (name === "annotations") this.lazyAnnotations = true
    }
  }
}
