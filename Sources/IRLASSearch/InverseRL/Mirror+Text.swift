import IRLASGraph

/// A mirror as a file that people can read: a line for each fact, a row for each feature, `#` begins a comment.
///
/// Numbers are written so that reading gives the same bits.
extension Mirror: CustomStringConvertible {
  /// The version of the form.
  package static let textVersion = 1

  package var description: String {
    var lines = [
      "irlas mirror \(Self.textVersion)", "method \(method.rawValue)", "features \(featureVersion)",
      "space \(quoted(space))", "seed \(seed)", "",
    ]
    for expert in experts {
      lines += [
        "expert \(quoted(expert.name))", "  topology \(expert.topology)",
        "  regularization \(expert.regularization)", "  negatives \(expert.negatives)",
        "  stability \(expert.stability)", "",
      ]
    }
    lines += table()
    for expert in experts {
      // The expert's own score is 1, the mean of the pool's 0.
      lines += ["", "pool \(quoted(expert.name)) \(expert.poolScores.count)"]
      for start in stride(from: 0, to: expert.poolScores.count, by: 5) {
        let row = expert.poolScores[start..<min(start + 5, expert.poolScores.count)]
        lines.append("  score " + row.map { "\($0)" }.joined(separator: " "))
      }
    }
    lines.append("")
    return lines.joined(separator: "\n") + "end\n"
  }

  /// The rows of the features, in columns.
  private func table() -> [String] {
    let titles = experts.indices.flatMap { index in
      let suffix = experts.count > 1 ? " \(index + 1)" : ""
      return ["weight\(suffix)", "spread\(suffix)", "expert\(suffix)"]
    }
    var rows = [["#", "name", "pool mean", "deviation"] + titles]
    for index in features.indices {
      let numbers = experts.flatMap { [$0.weights[index], $0.spread[index], $0.features[index]] }
      rows.append(
        ["feature", quoted(features[index]), "\(scale.mean[index])", "\(scale.deviation[index])"]
          + numbers.map { "\($0)" })
    }
    let widths = rows[0].indices.map { column in rows.reduce(0) { max($0, $1[column].utf8.count) } }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column < row.count - 1 {
          line += String(repeating: " ", count: widths[column] - cell.utf8.count + 2)
        }
      }
      return line
    }
  }

  /// A word as it is when it is plain, in quotes otherwise.
  private func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy {
        $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "#")
      }
    if isPlain { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// Why a text is not a mirror.
package struct MirrorTextIssue: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  /// From 1, in bytes.
  package let column: Int
  /// What is wrong.
  package let problem: String

  /// `12:5: the deviation of a feature is a number above 0`
  package var description: String { "\(line):\(column): \(problem)" }
}

extension Mirror {
  /// Reads what `description` writes.
  package init(parsing text: String) throws(MirrorTextIssue) {
    var reader = MirrorTextReader(text)
    self = try reader.mirror()
  }
}
