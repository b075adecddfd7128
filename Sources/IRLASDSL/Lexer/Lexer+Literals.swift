extension Lexer {
  /// A number with its suffix, or height x width. Whatever letters follow belong to the token, so that a mistake is
  /// one token and one message.
  mutating func lexNumber() {
    let start = offset
    var end = start
    var digitCount = 0
    var hasStrayUnderscore = false
    func skipDigits() {
      while end < bytes.count {
        let next = bytes[end]
        if next &- 0x30 < 10 {
          digitCount += 1
        } else if next == 0x5F {
          if byte(end + 1) &- 0x30 >= 10 { hasStrayUnderscore = true }
        } else {
          break
        }
        end += 1
      }
    }
    skipDigits()
    if byte(end) == 0x78, (0x30...0x39).contains(byte(end + 1)) {
      lexKernel(start: start, cross: end)
      return
    }
    var hasExponent = false
    if byte(end) == 0x2E, (0x30...0x39).contains(byte(end + 1)) {
      end += 1
      skipDigits()
    }
    if byte(end) == 0x65 {
      let sign = byte(end + 1) == 0x2B || byte(end + 1) == 0x2D ? 1 : 0
      if (0x30...0x39).contains(byte(end + 1 + sign)) {
        hasExponent = true
        end += 1 + sign
        skipDigits()
      }
    }
    let suffixStart = end
    while end < bytes.count, Self.isWordByte(bytes[end]) { end += 1 }
    append(.number, from: start, to: end)
    // Most numbers are short, and short ones without an exponent fit.
    if !hasExponent, end == suffixStart, digitCount <= 18, !hasStrayUnderscore { return }
    if hasStrayUnderscore { return reportStrayUnderscore(start..<end) }
    checkNumber(start: start, suffixStart: suffixStart, end: end)
  }

  /// `1__0` or `10_`.
  private mutating func reportStrayUnderscore(_ range: Range<Int>) {
    let source = source
    var digits: [UInt8] = []
    for index in range where bytes[index] != 0x5F || byte(index + 1) &- 0x30 < 10 {
      digits.append(bytes[index])
    }
    let text = String(decoding: digits, as: UTF8.self)
    report(
      Diagnostic(
        .malformedNumber, "in a number `_` stands between two digits", at: source.span(range),
        help: [
          Diagnostic.Help("write `\(shortened(text))`", edits: [Diagnostic.Edit(source.span(range), text)])
        ]))
  }

  private mutating func checkNumber(start: Int, suffixStart: Int, end: Int) {
    let source = source
    let span = source.span(start..<end)
    let suffix = String(decoding: bytes[suffixStart..<end], as: UTF8.self)
    guard NumberLiteral.suffix(suffix) != nil else {
      report(Self.unknownSuffix(suffix, of: span, at: source.span(suffixStart..<end)))
      return
    }
    // Text of a wild length is not worth reading: it has too many digits in any case.
    if end - start <= 400, NumberLiteral(text: String(decoding: bytes[start..<end], as: UTF8.self)) != nil {
      return
    }
    report(
      Diagnostic(
        .numberTooLarge, "this number is too large", at: span,
        notes: ["whole numbers reach \(Int.max), others about 1.8e308"]))
  }

  private static func unknownSuffix(_ suffix: String, of number: SourceSpan, at span: SourceSpan)
    -> Diagnostic
  {
    var help: [Diagnostic.Help] = []
    let units = ["K", "M", "G", "ms", "s", "m", "h", "KiB", "MiB", "GiB"]
    if suffix.hasPrefix("E") {
      help = [Diagnostic.Help("write the exponent with a small `e`")]
    } else if suffix == "x" {
      help = [Diagnostic.Help("a kernel has a height and a width, as in `3x3`")]
    } else if let unit = units.first(where: { $0.lowercased() == suffix.lowercased() }) {
      help = [Diagnostic.Help("write `\(unit)`", edits: [Diagnostic.Edit(span, unit)])]
    }
    return Diagnostic(
      .malformedNumber, "numbers have no suffix `\(shortened(suffix))`", at: span,
      notes: ["the suffixes are \(units.map { "`\($0)`" }.joined(separator: ", "))"], help: help)
  }

  private mutating func lexKernel(start: Int, cross: Int) {
    let source = source
    var end = cross + 1
    while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
    let sizeEnd = end
    while end < bytes.count, Self.isWordByte(bytes[end]) { end += 1 }
    append(.kernel, from: start, to: end)
    let span = source.span(start..<end)
    if end > sizeEnd || bytes[start..<cross].contains(0x5F) {
      report(
        Diagnostic(
          .malformedNumber, "a kernel is a height and a width, as in `3x3`", at: span,
          label: "this is neither a kernel nor a number"))
    } else if end - start > 18, end - start > 40 || kernelSize(of: source.text(span)) == nil {
      report(Diagnostic(.numberTooLarge, "this kernel is too large", at: span))
    }
  }

  /// A string on one line.
  mutating func lexString() {
    let source = source
    let start = offset
    var end = start + 1
    while true {
      let current = byte(end)
      if end >= bytes.count || current == 0x0A {
        if end > start + 1, bytes[end - 1] == 0x0D { end -= 1 }
        report(
          Diagnostic(
            .unterminatedString, "this string has no closing quote", at: source.span(start..<start + 1),
            label: "opened here",
            notes: ["a string ends on the line where it starts; `\\n` stands for a line end"]))
        break
      }
      if current == 0x22 {
        end += 1
        break
      }
      if current == 0x5C, byte(end + 1) != 0x0A, end + 1 < bytes.count {
        let escaped = byte(end + 1)
        if ![0x5C, 0x22, 0x6E, 0x74].contains(escaped) {
          report(
            Diagnostic(
              .unknownEscape, "a backslash escapes only `\\`, `\"`, `n` and `t`",
              at: source.span(end..<(escaped < 0x80 ? end + 2 : end + 1))))
        }
        end += escaped < 0x80 ? 2 : 1
        continue
      }
      end += 1
    }
    append(.string, from: start, to: end)
  }
}

/// At most 40 characters of a text, for messages.
func shortened(_ text: String) -> String { text.count <= 40 ? text : text.prefix(37) + "..." }
