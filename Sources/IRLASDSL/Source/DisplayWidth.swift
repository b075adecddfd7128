/// Columns from one tab stop to the next.
package let tabWidth = 4

/// The number of terminal columns that UTF-8 text takes when it starts at column 0.
///
/// Bytes that are not UTF-8 count as one replacement character each, as they are shown.
package func displayWidth(of utf8: ArraySlice<UInt8>) -> Int {
  var column = 0
  if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return utf8.count }
  for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
    column += scalar == "\t" ? tabWidth - column % tabWidth : displayWidth(of: scalar)
  }
  return column
}

/// The number of columns of one character, a tab excepted: 0 for combining marks, 2 for wide East Asian characters
/// and emoji, 1 for the rest. Control and format characters are shown as one replacement sign (`printable`).
package func displayWidth(of scalar: Unicode.Scalar) -> Int {
  if scalar.value < 0x300 { return 1 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark: return 0
  default: break
  }
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
    0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
    return 2
  default:
    return 1
  }
}

/// A character as it may be sent to a terminal: control characters and invisible format characters, which could move
/// the cursor or reverse the text, become U+FFFD.
func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
  if scalar.value >= 0x20, scalar.value < 0x7F { return scalar }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: return "\u{FFFD}"
  default: return scalar
  }
}

/// A text all of whose characters are printable.
func printable(_ text: String) -> String {
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars { result.append(printable(scalar)) }
  return String(result)
}
