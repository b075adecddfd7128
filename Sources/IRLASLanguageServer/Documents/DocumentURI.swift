/// Conversion between paths and `file:` URIs (RFC 8089).
package enum DocumentURI {
  /// The path of a `file:` URI; the URI itself for other schemes, whose texts have no neighbours on disk.
  package static func path(_ uri: String) -> String {
    guard uri.lowercased().hasPrefix("file://") else { return uri }
    let rest = uri.dropFirst(7)
    guard let slash = rest.firstIndex(of: "/") else { return uri }
    var bytes: [UInt8] = []
    let text = Array(rest[slash...].utf8)
    var i = 0
    while i < text.count {
      if text[i] == 0x25, i + 2 < text.count, let high = hex(text[i + 1]), let low = hex(text[i + 2]) {
        bytes.append(high << 4 | low)
        i += 3
      } else {
        bytes.append(text[i])
        i += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The `file:` URI of an absolute path; other texts are URIs already.
  package static func uri(_ path: String) -> String {
    guard path.hasPrefix("/") else { return path }
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes = Array("file://".utf8)
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E: bytes.append(byte)
      default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A path without `.`, `..` and doubled slashes, so that two ways to write it compare equal.
  package static func normalized(_ path: String) -> String {
    guard path.hasPrefix("/") else { return path }
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
