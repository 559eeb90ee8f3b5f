/**
 * Python as plain data: what stands at module level and in class bodies, and the headers of functions. Function bodies
 * are left out (only their docstring stays, a sole `return` and the plain statements of a constructor), because nothing
 * here ever runs them.
 */
export interface Place {
  readonly line: number
  readonly column: number
}

export type Expression = (
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly kind: "subscript"; readonly object: Expression; readonly items: readonly Expression[] }
  | { readonly kind: "call"; readonly callee: Expression; readonly args: readonly Argument[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: string }
  /** An f-string: texts and the expressions between them. */
  | { readonly kind: "joined"; readonly parts: readonly Expression[] }
  /** `{value!conversion:spec}` in an f-string, where one of the two is there. */
  | { readonly kind: "formatted"; readonly value: Expression; readonly conversion: string; readonly spec: string }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "constant"; readonly value: "None" | "True" | "False" | "..." }
  | { readonly kind: "list" | "tuple" | "set"; readonly items: readonly Expression[] }
  /** A null key is `**value`. */
  | {
      readonly kind: "dict"
      readonly entries: readonly { readonly key: Expression | null; readonly value: Expression }[]
    }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  /** `[element for target in source]` and its like; `key` only in a dictionary's. */
  | {
      readonly kind: "comprehension"
      readonly of: "list" | "set" | "dict" | "generator"
      readonly key: Expression | null
      readonly element: Expression
      readonly clauses: readonly Clause[]
    }
  /** One comparison; the operator as written (`==`, `not in`, `is not`). */
  | { readonly kind: "compare"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  /** Valid Python whose value can't be known without running it; `what` names it for people. */
  | { readonly kind: "opaque"; readonly what: string }
) & { readonly at: Place }

/** `for target in source if condition` of a comprehension. */
export interface Clause {
  /** A name, or the names that each item is taken apart into. */
  readonly target: string | readonly string[]
  readonly source: Expression
  readonly conditions: readonly Expression[]
}

export interface Argument {
  readonly name: string | null
  readonly star: "" | "*" | "**"
  readonly value: Expression
}

export interface Parameter {
  readonly name: string
  readonly star: "" | "*" | "**"
  readonly annotation: Expression | null
  readonly default: Expression | null
  /** Stands after `*`, so it needs no order of defaults. */
  readonly keywordOnly: boolean
  readonly at: Place
}

/** One plain statement of a constructor. */
export type Step =
  /** `object.attribute = value`, with or without annotation. */
  | {
      readonly kind: "set"
      readonly object: string
      readonly attribute: string
      readonly value: Expression
      readonly at: Place
    }
  /** A call that stands alone: `super().__init__(x)`. */
  | { readonly kind: "call"; readonly call: Extract<Expression, { kind: "call" }>; readonly at: Place }

export interface FunctionSyntax {
  readonly kind: "function"
  readonly name: string
  readonly decorators: readonly Expression[]
  readonly parameters: readonly Parameter[]
  readonly returns: Expression | null
  /** Has `[T]` type parameters (Python 3.12). */
  readonly generic: boolean
  readonly docstring: string | null
  /** What it returns, when nothing else stands in its body. */
  readonly result: Expression | null
  /** The statements of an `__init__`, without texts and `pass`; null for other functions, and when any isn't plain. */
  readonly steps: readonly Step[] | null
  readonly at: Place
}

export interface ClassSyntax {
  readonly kind: "class"
  readonly name: string
  readonly decorators: readonly Expression[]
  readonly bases: readonly Argument[]
  readonly generic: boolean
  readonly docstring: string | null
  readonly body: readonly Statement[]
  /** Its source from `class` to its end, to search for what its methods may do. */
  readonly text: string
  readonly at: Place
}

export interface ImportedName {
  readonly name: string
  readonly as: string
}

export type Statement =
  | FunctionSyntax
  | ClassSyntax
  | { readonly kind: "assign"; readonly names: readonly string[]; readonly value: Expression; readonly at: Place }
  /** `name: annotation [= value]`. */
  | {
      readonly kind: "annotated"
      readonly name: string
      readonly annotation: Expression
      readonly value: Expression | null
      readonly at: Place
    }
  /** `import a.b` binds `a`; `import a.b as c` binds `c` to `a.b`. */
  | { readonly kind: "import"; readonly module: string; readonly as: string | null; readonly at: Place }
  | {
      readonly kind: "from"
      readonly module: string
      /** Number of leading dots. */
      readonly level: number
      readonly names: readonly ImportedName[] | "*"
      readonly at: Place
    }
  /** `if` and its like: whether and how often the body runs isn't known, except for the two tests named here. */
  | {
      readonly kind: "block"
      readonly test: "type-checking" | "unknown"
      readonly body: readonly Statement[]
      readonly at: Place
    }
  /** Names that something unreadable binds, changes or removes (`for x in`, `x += 1`, `del x`, `x.a = 1`). */
  | { readonly kind: "binds"; readonly names: readonly string[]; readonly what: string; readonly at: Place }
  /** Names that occur in a bare expression, such as `f(x)`: what they hold may be changed in place. */
  | { readonly kind: "passes"; readonly names: readonly string[]; readonly at: Place }
  | { readonly kind: "broken"; readonly at: Place }

export interface ModuleSyntax {
  readonly statements: readonly Statement[]
  /** `from __future__ import annotations`: all annotations are texts. */
  readonly lazyAnnotations: boolean
  /** Names that some function declares `global`, so may change. */
  readonly globals: ReadonlySet<string>
  /** Names on which something like `.append(` or `[...] =` is called anywhere in the file. */
  readonly mutated: ReadonlySet<string>
  /** Its source, with one kind of line end. */
  readonly text: string
  /** The first place with a syntax error, if any. */
  readonly broken: Place | null
}

/** What reading a text as Python comes to. */
export type Parsed =
  | { readonly kind: "module"; readonly module: ModuleSyntax }
  | { readonly kind: "too-large" | "too-slow" }
