/// The text of one program: a name to show, UTF-8 bytes, and where its lines start.
///
/// The front end never opens files; whoever does hands over the bytes, valid UTF-8 or not.
package final class SourceFile: Sendable {
  /// The number of this file in its `SourceSet`.
  package let id: SourceID
  /// The name shown in messages, usually a path.
  package let name: String
  /// The text.
  package let utf8: [UInt8]
  /// Byte offset of the first byte of each line; the first entry is 0.
  package let lineStarts: [UInt32]

  /// The largest text that is parsed, in bytes (64 MiB).
  package static let maximumSize = 64 << 20

  /// A file with the given bytes. Lines end with a line feed, with or without a carriage return before it.
  package init(id: SourceID = SourceID(0), name: String, utf8: [UInt8]) {
    self.id = id
    self.name = name
    self.utf8 = utf8
    var starts: [UInt32] = [0]
    if utf8.count <= Self.maximumSize {
      starts.reserveCapacity(utf8.count / 32 + 1)
      for i in utf8.indices where utf8[i] == 0x0A { starts.append(UInt32(i + 1)) }
    }
    lineStarts = starts
  }

  /// A file with the given text.
  package convenience init(id: SourceID = SourceID(0), name: String, text: String) {
    self.init(id: id, name: name, utf8: Array(text.utf8))
  }

  /// The number of lines; a final line feed starts one more, empty line.
  package var lineCount: Int { lineStarts.count }

  /// The index, from 0, of the line that holds the byte at `offset`. Logarithmic in the number of lines.
  package func lineIndex(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if Int(lineStarts[middle]) <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The bytes of a line, from 0, without its line ending.
  package func lineRange(_ index: Int) -> Range<Int> {
    let start = Int(lineStarts[index])
    var end = index + 1 < lineStarts.count ? Int(lineStarts[index + 1]) - 1 : utf8.count
    if end > start, utf8[end - 1] == 0x0D { end -= 1 }
    return start..<max(start, end)
  }

  /// The line and display column of the byte at `offset`, which is clamped to the text. Beyond the first 64 KiB of a
  /// line columns are counted in bytes.
  package func location(at offset: Int) -> SourceLocation {
    let offset = min(max(0, offset), utf8.count)
    let line = lineIndex(at: offset)
    let start = Int(lineStarts[line])
    let length = max(0, offset - start)
    let column = length > 1 << 16 ? length : displayWidth(of: utf8[start..<start + length])
    return SourceLocation(line: line + 1, column: column + 1)
  }

  /// The span of the bytes `range`, clamped to the text.
  package func span(_ range: Range<Int>) -> SourceSpan {
    SourceSpan(file: id, range.clamped(to: 0..<utf8.count))
  }

  /// The text of a span of this file; bytes that are not UTF-8 show as U+FFFD.
  package func text(_ span: SourceSpan) -> String {
    String(decoding: utf8[span.range.clamped(to: 0..<utf8.count)], as: UTF8.self)
  }
}

/// The files of one run, numbered in the order in which they were added.
package struct SourceSet: Sendable {
  /// All files; the file with id `i` is at index `i`.
  package private(set) var files: [SourceFile] = []

  /// An empty set.
  package init() {}

  /// A set of one file, whose id has to be 0 for `subscript` to find it.
  package init(_ file: SourceFile) { files = [file] }

  /// Adds a text under the next free id.
  package mutating func add(name: String, utf8: [UInt8]) -> SourceFile {
    let file = SourceFile(id: SourceID(files.count), name: name, utf8: utf8)
    files.append(file)
    return file
  }

  /// The file with the given id, if it belongs to this set.
  package subscript(id: SourceID) -> SourceFile? {
    let index = Int(id.index)
    return index < files.count ? files[index] : nil
  }
}
