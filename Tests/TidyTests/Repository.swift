import Foundation
import Testing

/// The checkout that the tests were built from, as text files.
struct Repository {
  struct File: Sendable, CustomTestStringConvertible {
    /// Relative to the root, with `/`.
    let path: String
    let text: String
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var testDescription: String { path }

    /// The modules that a Swift file imports.
    var imports: [String] {
      lines.compactMap { line in
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count else { return nil }
        let modifiers: Set<Substring> = ["public", "package", "internal", "private", "@testable"]
        guard words[..<keyword].allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") }) else {
          return nil
        }
        return words[keyword + 1].split(separator: ".").first.map(String.init)
      }
    }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Files below `folder` whose name ends in one of `suffixes`, sorted by path.
  static func files(below folder: String, suffixes: [String]) throws -> [File] {
    let start = root.appending(path: folder)
    guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else {
      throw CocoaError(.fileReadNoSuchFile)
    }
    var files: [File] = []
    for case let url as URL in walk where suffixes.contains(where: { url.lastPathComponent.hasSuffix($0) }) {
      let path = url.path(percentEncoded: false)
      let prefix = root.path(percentEncoded: false)
      let relative = String(path.dropFirst(prefix.count)).trimmingPrefix("/")
      guard !relative.contains(".build/") else { continue }
      files.append(File(path: String(relative), text: try String(contentsOf: url, encoding: .utf8)))
    }
    return files.sorted { $0.path < $1.path }
  }
}
