extension Explanation {
  static let notUTF8 = Explanation(
    """
    Programs are UTF-8 text. Comments and strings may hold any character, but the bytes have to be well formed; an
    editor that saves Latin-1 or UTF-16 writes others. Save the file as UTF-8.
    """,
    example: """
      irlas 1

      // caf\u{FFFD}
      cell A {
        in x
        return x -> relu
      }
      """,
    cure: """
      irlas 1

      // café
      cell A {
        in x
        return x -> relu
      }
      """)

  static let sourceTooLarge = Explanation(
    """
    A file of more than 64 MiB is refused before it is read any further: no network needs one. Written by a program, it
    probably lacks `repeat`, cells or lists.
    """,
    example: "// The same line, again and again.", repetitions: 2_000_000,
    cure: """
      irlas 1

      cell A {
        in x
        return x -> repeat 1000 relu
      }
      """)

  static let tooManyDiagnostics = Explanation(
    """
    After a hundred messages about one file the rest is only counted. Most of them probably follow from the first ones:
    repair those and check again.
    """,
    example: "use nowhere", repetitions: 102, cure: "use std")

  static let unsupportedVersion = Explanation(
    """
    The first line of a program may name the version of the language that it is written in: `irlas 1`. Without that line
    it is version 1. A compiler refuses a version that it does not know rather than read it as another.
    """,
    example: """
      irlas 2

      cell A {
        in x
        return x -> relu
      }
      """,
    cure: """
      irlas 1

      cell A {
        in x
        return x -> relu
      }
      """)

  static let unexpectedCharacter = Explanation(
    """
    Outside comments, strings and backquoted names a program is made of ASCII letters, digits and a few signs. Often it
    is a sign of another language, or one that an editor or a web page made of a plain one: `→` for `->`, `×` for `x`.
    Comments start with `//`.
    """,
    example: """
      cell A {
        in x
        return x → relu
      }
      """,
    cure: """
      cell A {
        in x
        return x -> relu
      }
      """)

  static let malformedNumber = Explanation(
    """
    A number is digits, with `_` between them where it helps, perhaps a fraction and an exponent, perhaps one of the
    suffixes K, M, G, ms, s, m, h, KiB, MiB, GiB: `0.5`, `34_426_698`, `5e-4`, `20M`. It starts with a digit.
    """,
    example: """
      cell A {
        in x
        return x -> dropout(.5)
      }
      """,
    cure: """
      cell A {
        in x
        return x -> dropout(0.5)
      }
      """)

  static let numberTooLarge = Explanation(
    """
    Whole numbers have 64 bits, so the largest is 9_223_372_036_854_775_807; a Float ends near 1.8e308.
    """,
    example: """
      cell A {
        in x
        return x -> conv(3x3, 99_999_999_999_999_999_999)
      }
      """,
    cure: """
      cell A {
        in x
        return x -> conv(3x3, 99)
      }
      """)

  static let unterminatedString = Explanation(
    """
    A string ends on the line that it starts on, with the quote that it starts with.
    """,
    example: """
      cell A(c = 4) {
        in x
        require c % 2 == 0, "an even width
        return x -> conv(3x3, c)
      }
      """,
    cure: """
      cell A(c = 4) {
        in x
        require c % 2 == 0, "an even width"
        return x -> conv(3x3, c)
      }
      """)

  static let unknownEscape = Explanation(
    #"""
    In a string a backslash stands before a character that could not stand there otherwise: `\"`, `\\`, `\n`, `\t`. A
    backslash that is meant is written twice.
    """#,
    example: #"""
      cell A(c = 4) {
        in x
        require c % 2 == 0, "see \section 3"
        return x -> conv(3x3, c)
      }
      """#,
    cure: #"""
      cell A(c = 4) {
        in x
        require c % 2 == 0, "see section 3"
        return x -> conv(3x3, c)
      }
      """#)

  static let unterminatedName = Explanation(
    """
    A name between backquotes may be any text, a keyword or a name of another tool; it ends on the same line.
    """,
    example: """
      cell `block` {
        in x
        return x -> relu
      }
      cell A {
        in x
        return x -> `block
      }
      """,
    cure: """
      cell `block` {
        in x
        return x -> relu
      }
      cell A {
        in x
        return x -> `block`
      }
      """)
}
