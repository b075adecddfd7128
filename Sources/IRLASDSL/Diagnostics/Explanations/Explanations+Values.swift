extension Explanation {
  static let typeMismatch = Explanation(
    """
    A parameter has a type: that which it states, or that of its default, or Int. Numbers are not kernels, layers are not
    numbers, and only a Bool is a condition.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3, 8)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8)
      }
      """)

  static let missingArgument = Explanation(
    """
    A parameter without a default is given by every use, by position or by name.
    """,
    example: """
      cell Block(out, stride = 1) {
        in x
        return x -> conv(3x3, out, stride: stride)
      }
      network Net {
        in image: [3, 32, 32]
        return image -> Block(stride: 2)
      }
      """,
    cure: """
      cell Block(out, stride = 1) {
        in x
        return x -> conv(3x3, out, stride: stride)
      }
      network Net {
        in image: [3, 32, 32]
        return image -> Block(16, stride: 2)
      }
      """)

  static let unknownArgument = Explanation(
    """
    An argument by name goes to the parameter of that name. An unknown name is never ignored.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8, strides: 2)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8, stride: 2)
      }
      """)

  static let duplicateArgument = Explanation(
    """
    A parameter is given once. An argument by position has given it already, or its name stands twice.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8, out: 16)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 16)
      }
      """)

  static let tooManyArguments = Explanation(
    """
    There are more arguments than parameters. Parentheses hold hyper-parameters only; tensors come in through the arrow.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> relu(6)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> relu6
      }
      """)

  static let arithmeticOverflow = Explanation(
    """
    Arithmetic on Ints is exact or an error: it never wraps around. The result needs more than 64 bits.
    """,
    example: """
      network Net(base = 4_000_000_000) {
        in image: [3, 32, 32]
        return image -> conv(3x3, base * base)
      }
      """,
    cure: """
      network Net(base = 4) {
        in image: [3, 32, 32]
        return image -> conv(3x3, base * base)
      }
      """)

  static let notAWholeNumber = Explanation(
    """
    Division is exact: 7 / 2 is seven halves, and 8 / 2 is 4. A fraction where a whole number is needed is an error at that
    place, because rounding up and rounding down are different networks. `floor`, `ceil`, `round` and `round_to(n, 8)` say
    which. A Float such as 2.0 stays one even where its value is whole; `sqrt(16)` is the Int 4, as its argument is an Int
    and its result is whole.
    """,
    example: """
      network Net(width = 7) {
        in image: [3, 32, 32]
        return image -> conv(3x3, width / 2)
      }
      """,
    cure: """
      network Net(width = 7) {
        in image: [3, 32, 32]
        return image -> conv(3x3, ceil(width / 2))
      }
      """)

  static let divisionByZero = Explanation(
    """
    The divisor of `/` or `%` is zero.
    """,
    example: """
      network Net(groups = 0) {
        in image: [3, 32, 32]
        return image -> conv(3x3, 64 / groups)
      }
      """,
    cure: """
      network Net(groups = 4) {
        in image: [3, 32, 32]
        return image -> conv(3x3, 64 / groups)
      }
      """)

  static let valueOutOfRange = Explanation(
    """
    The value has the right type, but the layer has no meaning for it: widths, strides and sizes are at least 1, dropout
    rates are below 1, counts are not negative.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> dropout(1.5)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> dropout(0.5)
      }
      """)

  static let indexOutOfRange = Explanation(
    """
    Elements of a list are counted from 0: the last one of three is `.at(2)`, or `.last`.
    """,
    example: """
      network Net(widths: [Int] = [16, 32, 64]) {
        in image: [3, 32, 32]
        return image -> conv(3x3, widths.at(3))
      }
      """,
    cure: """
      network Net(widths: [Int] = [16, 32, 64]) {
        in image: [3, 32, 32]
        return image -> conv(3x3, widths.last)
      }
      """)

  static let requirementFailed = Explanation(
    """
    A `require` holds for every use of the cell or network that states it. When the figures of a network are limited, the
    cells that weigh most are listed.
    """,
    example: """
      cell Block(out) {
        in x
        return x -> conv(3x3, out) -> bn -> relu
      }
      network Net(width = 256) {
        in image: [3, 32, 32]
        require params <= 100K, "it has to fit a small device"
        return image -> Block(16) -> Block(width) -> Block(64) -> global_avg_pool -> linear(10)
      }
      """,
    cure: """
      cell Block(out) {
        in x
        return x -> conv(3x3, out) -> bn -> relu
      }
      network Net(width = 64) {
        in image: [3, 32, 32]
        require params <= 100K, "it has to fit a small device"
        return image -> Block(16) -> Block(width) -> Block(64) -> global_avg_pool -> linear(10)
      }
      """)

  static let groupsDoNotDivide = Explanation(
    """
    Groups, heads and the parts of a `split` are equally wide, so their number divides the channels: those that arrive and,
    for a convolution, those that it makes.
    """,
    example: """
      network Net {
        in image: [16, 32, 32]
        return image -> conv(3x3, 100, groups: 8)
      }
      """,
    cure: """
      network Net {
        in image: [16, 32, 32]
        return image -> conv(3x3, 96, groups: 8)
      }
      """)

  static let misplacedThen = Explanation(
    """
    `a then b` gives `a` to the first copy of the `repeat` around it and `b` to the rest. Outside `repeat` there is one copy
    only.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8, stride: 2 then 1)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> repeat 3 conv(3x3, 8, stride: 2 then 1)
      }
      """)

  static let programTooBig = Explanation(
    """
    A few lines can describe more layers than any machine holds. A network has at most 200_000 nodes.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> repeat 1_000_000 relu
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> repeat 100 relu
      }
      """)
}
