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
  /** `*value` in one of those. */
  | { readonly kind: "starred"; readonly value: Expression }
  /** A null key is `**value`. */
  | {
      readonly kind: "dict"
      readonly entries: readonly { readonly key: Expression | null; readonly value: Expression }[]
    }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  /** `left operator right`, the operator written with single blanks (`not in`); a chain (`a < b < c`) is opaque. */
  | { readonly kind: "compare"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  /**
   * `[element for target in source if condition]` and its like; `key` in a dictionary's only. Opaque when it is `async`,
   * or when a target isn't a name or a plain list of names.
   */
  | {
      readonly kind: "comprehension"
      readonly of: "list" | "set" | "dict" | "generator"
      readonly key: Expression | null
      readonly element: Expression
      readonly clauses: readonly Clause[]
    }
  /** Valid Python whose value can't be known without running it; `what` names it for people. */
  | { readonly kind: "opaque"; readonly what: string }
) & { readonly at: Place }

/** An expression of that kind. */
export type Of<Kind> = Expression extends infer Each
  ? Each extends { readonly kind: infer Kinds }
    ? Kind extends Kinds
      ? Each
      : never
    : never
  : never

/** `for target in source if condition if condition` in a comprehension. */
export interface Clause {
  /** The name of each item, or the names that it is taken apart into. */
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

/** A plain statement of a constructor. */
export type Step =
  /** `object.attribute = value`, with or without an annotation, where `object` is a name. */
  | {
      readonly kind: "set"
      readonly object: string
      readonly attribute: string
      readonly value: Expression
      readonly at: Place
    }
  /** A call that stands alone: `super().__init__(…)`. */
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
  /**
   * The body of `__init__`, without texts, `...` and `pass` that stand alone; null for any other function, and when it
   * has anything but at most 200 steps.
   */
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
  /** Its source from `class` on, to look for what its methods may do. */
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

/** What code may do that the text doesn't show by name, found in its tokens: texts and comments say nothing. */
export interface Unseen {
  /** It may bind names of a module: `globals()["X"] = 2`, `exec("X = 2")`, `sys.modules[__name__].X = 2`. */
  readonly binds: boolean
  /** It may set attributes of objects: `setattr(x, name, value)`, `x.__dict__.update(…)`. */
  readonly sets: boolean
  /** It hands `os.environ` itself to other code, which may change it. */
  readonly sharesEnvironment: boolean
}

export interface ModuleSyntax {
  /** Its source, with one kind of line end and without a byte order mark. */
  readonly text: string
  readonly statements: readonly Statement[]
  /** `from __future__ import annotations`: all annotations are texts. */
  readonly lazyAnnotations: boolean
  /** Names that some function declares `global`, so may change. */
  readonly globals: ReadonlySet<string>
  /** Names whose value something like `.append(`, `[...] =` or `.a =` may change, wherever it stands in the file. */
  readonly mutated: ReadonlySet<string>
  /** How many tokens it has: what keeping it costs. */
  readonly tokens: number
  /** What it may bind or set without naming it. */
  readonly unseen: Unseen
}

/** What reading a text as Python comes to. */
export type Parsed =
  | { readonly kind: "module"; readonly module: ModuleSyntax }
  /** Python refuses the file at this place, with a message like this one. */
  | { readonly kind: "broken"; readonly message: string; readonly at: Place }
  | { readonly kind: "too-large" }
