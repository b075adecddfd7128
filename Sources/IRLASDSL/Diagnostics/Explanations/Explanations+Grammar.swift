extension Explanation {
  static let unexpectedToken = Explanation(
    """
    What stands here cannot continue what came before. Between a tensor and the layer that is applied to it stands an
    arrow; a count that is more than one number or name stands in parentheses; fields of a recipe need no commas.
    """,
    example: """
      cell A {
        in x
        return x relu
      }
      """,
    cure: """
      cell A {
        in x
        return x -> relu
      }
      """)

  static let missingToken = Explanation(
    """
    A sign or keyword that the grammar asks for is not there: a comma between arguments, a brace around what `if` gives,
    `in` after the name of an `each`.
    """,
    example: """
      cell A {
        in x
        return x -> conv(3x3 64)
      }
      """,
    cure: """
      cell A {
        in x
        return x -> conv(3x3, 64)
      }
      """)

  static let expectedExpression = Explanation(
    """
    After an operator, an arrow, an equals sign or a comma a value is needed.
    """,
    example: """
      cell A {
        in x
        return x -> -> relu
      }
      """,
    cure: """
      cell A {
        in x
        return x -> relu
      }
      """)

  static let expectedName = Explanation(
    """
    Cells, networks, spaces, recipes and members need a name: a letter or `_`, then letters, digits and `_`. Anything
    else can be a name between backquotes.
    """,
    example: """
      cell {
        in x
        return x -> relu
      }
      """,
    cure: """
      cell A {
        in x
        return x -> relu
      }
      """)

  static let keywordAsName = Explanation(
    """
    Keywords mean the same everywhere, so that a reader and a highlighter know them. Between backquotes a keyword is an
    ordinary name. As the label of an argument any word will do.
    """,
    example: """
      cell A {
        in x
        search = x -> relu
        return search
      }
      """,
    cure: """
      cell A {
        in x
        `search` = x -> relu
        return `search`
      }
      """)

  static let missingReturn = Explanation(
    """
    Every cell, network and space ends with `return`: what follows it is what comes out.
    """,
    example: """
      cell A {
        in x
        y = x -> relu
      }
      """,
    cure: """
      cell A {
        in x
        y = x -> relu
        return y
      }
      """)

  static let missingElse = Explanation(
    """
    An `if` is a value and decided while the program is elaborated, so both sides have to be there. Where there is
    nothing to do the other side is the value itself, or `identity`.
    """,
    example: """
      cell A(narrow = false) {
        in x
        return if narrow { x -> conv(1x1, 8) }
      }
      """,
    cure: """
      cell A(narrow = false) {
        in x
        return if narrow { x -> conv(1x1, 8) } else { x }
      }
      """)

  static let thenNeedsParentheses = Explanation(
    """
    `repeat 3 A then B` could mean three copies of which the first is A, or three copies of A and then something else.
    Parentheses say the first: `repeat 3 (A then B)`. The second is an arrow: `repeat 3 A -> B`.
    """,
    example: """
      cell A {
        in x
        return x -> repeat 3 relu then relu6
      }
      """,
    cure: """
      cell A {
        in x
        return x -> repeat 3 (relu then relu6)
      }
      """)

  static let foreignOperator = Explanation(
    """
    An operator of another language. Here conditions are joined by `and`, `or`, `not`, powers are `pow(a, b)`, elements of
    lists `xs.at(i)`, choices between two values `if c { a } else { b }`, and copies `repeat n` or `each v in xs { ... }`.
    """,
    example: """
      cell A(c = 8) {
        in x
        return if c > 4 && c < 64 { x -> conv(3x3, c) } else { x }
      }
      """,
    cure: """
      cell A(c = 8) {
        in x
        return if c > 4 and c < 64 { x -> conv(3x3, c) } else { x }
      }
      """)

  static let equalsInArgument = Explanation(
    """
    Arguments and fields of recipes are written `name: value`. An equals sign binds a name in a statement, and gives a
    parameter its default where it is declared.
    """,
    example: """
      cell A {
        in x
        return x -> conv(3x3, 64, stride = 2)
      }
      """,
    cure: """
      cell A {
        in x
        return x -> conv(3x3, 64, stride: 2)
      }
      """)

  static let assignmentInExpression = Explanation(
    """
    One equals sign binds a name at the start of a statement; two compare.
    """,
    example: """
      cell A(stride = 1) {
        in x
        return if stride = 1 { x } else { x -> conv(3x3, 8, stride: stride) }
      }
      """,
    cure: """
      cell A(stride = 1) {
        in x
        return if stride == 1 { x } else { x -> conv(3x3, 8, stride: stride) }
      }
      """)

  static let chainedComparison = Explanation(
    """
    A comparison is a Bool, and comparing that with a number means nothing. Two comparisons are joined by `and`.
    """,
    example: """
      cell A(c = 8) {
        in x
        require 1 < c < 64
        return x -> conv(3x3, c)
      }
      """,
    cure: """
      cell A(c = 8) {
        in x
        require 1 < c and c < 64
        return x -> conv(3x3, c)
      }
      """)

  static let nestedTooDeeply = Explanation(
    """
    Expressions nest up to 256 levels deep, far beyond what people write. A program that was written by another one can
    bind parts of the expression to names.
    """,
    example: """
      cell A {
        in x
        return x -> conv(1x1, \(String(repeating: "(", count: 260))8\(String(repeating: ")", count: 260)))
      }
      """,
    cure: """
      cell A {
        in x
        return x -> conv(1x1, 8)
      }
      """)

  static let unclosedBracket = Explanation(
    """
    Every `(`, `[` and `{` has its partner. Where a closing one is missing the message points at the opening one; the
    place where it should stand is a guess from the line breaks.
    """,
    example: """
      cell A {
        in x
        return x -> conv(3x3, 64 -> bn
      }
      """,
    cure: """
      cell A {
        in x
        return x -> conv(3x3, 64) -> bn
      }
      """)

  static let missingInputs = Explanation(
    """
    A cell, network or space starts with the tensors that it takes: `in x`, `in s0, s1`, or with shapes, as networks need
    them, `in image: [3, 32, 32]`.
    """,
    example: """
      cell A {
        return x -> relu
      }
      """,
    cure: """
      cell A {
        in x
        return x -> relu
      }
      """)

  static let misplacedStatement = Explanation(
    """
    A cell, network or space has one `in` at its start and one `return` at its end. Further inputs and outputs follow
    commas: `in s0, s1`, `return a, b`.
    """,
    example: """
      cell A {
        in x
        y = x -> relu
        in z
        return y + z
      }
      """,
    cure: """
      cell A {
        in x, z
        y = x -> relu
        return y + z
      }
      """)

  static let misplacedDeclaration = Explanation(
    """
    Cells, networks, spaces and recipes stand side by side at the top of a file, after what the file uses. A cell that is
    needed by one other cell only stands beside it all the same.
    """,
    example: """
      cell A {
        in x
        return x -> relu
      }
      use std
      """,
    cure: """
      use std
      cell A {
        in x
        return x -> relu
      }
      """)

  static let expectedType = Explanation(
    """
    A parameter may state its type after a colon: Int, Float, Bool, Kernel, Layer, Shape, Padding, or a list of one of
    them such as [Int]. Without a type a parameter has the type of its default, or is an Int.
    """,
    example: """
      cell A(act: Activation = relu) {
        in x
        return x -> act
      }
      """,
    cure: """
      cell A(act: Layer = relu) {
        in x
        return x -> act
      }
      """)

  static let expectedDeclaration = Explanation(
    """
    At the top of a file stand `use`, `cell`, `network`, `space`, `recipe`, `search` and `check`. Statements belong inside
    the braces of a cell, network or space.
    """,
    example: """
      width = 64
      cell A {
        in x
        return x -> relu
      }
      """,
    cure: """
      cell A {
        in x
        width = 64
        return x -> conv(3x3, width)
      }
      """)
}
