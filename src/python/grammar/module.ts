import type { Expression, ModuleSyntax } from "./syntax.ts"
import { toStatement } from "./compound.ts"
import { Definitions } from "./def-and-class.ts"
import { kept } from "./depth-limit.ts"
import { scan } from "./scanner.ts"
import { PythonSyntaxError } from "./tokens.ts"
import { unseenIn } from "./unseen.ts"

/**
 * Reads a Python file by the grammar of CPython 3.14, which also takes what 3.9 to 3.13 do.
 *
 * @throws PythonSyntaxError where CPython raises a SyntaxError (or is nested deeper than is read here)
 * @throws TooManyTokens for a file of more than `tokensMax` tokens
 */
export function readModule(source: string): ModuleSyntax {
  const tokens = scan(source)
  try {
    return { ...new ModuleReader(tokens).module(source), tokens: tokens.kinds.length, unseen: unseenIn(tokens) }
  } catch (error) {
    throw error instanceof PythonSyntaxError ? earlier(tokens.failure, error) : error
  }
}

/** An open bracket is only missed at the end of the file, long after what is behind it has become unreadable. */
function earlier(failure: PythonSyntaxError | null, error: PythonSyntaxError): PythonSyntaxError {
  if (failure === null) return error
  const first = failure.at.line - error.at.line || failure.at.column - error.at.column
  return first < 0 ? failure : error
}

/**
 * Reads a text that must be one expression, as `eval` does.
 *
 * @throws PythonSyntaxError
 */
export function readExpression(source: string): Expression {
  return new ModuleReader(scan(`(${source}\n)`)).only()
}

class ModuleReader extends Definitions {
  module(text: string): Omit<ModuleSyntax, "unseen" | "tokens"> {
    const statements = []
    while (this.kind !== "end") for (const line of this.statement()) statements.push(...toStatement(line))
    this.scopes.close()
    const { lazyAnnotations, globals } = this
    return { text, statements, lazyAnnotations, globals, mutated: this.sharing.reach(this.mutated) }
  }

  only(): Expression {
    const expression = this.atom()
    this.expect("newline")
    this.expect("end")
    return kept(expression)
  }
}
