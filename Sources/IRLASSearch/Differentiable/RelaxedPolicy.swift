package import IRLASGraph

/// How likely each option of each decision is, as the training of a network of all options learned it (Liu, Simonyan and
/// Yang, "DARTS", ICLR 2019). A measurement: a search records it once, as text, and is resumed with what is recorded.
package struct RelaxedPolicy: Hashable, Sendable {
  /// A decision with the probabilities of its options.
  package struct Choice: Hashable, Sendable {
    package let name: String
    package let probabilities: [Double]

    package init(name: String, probabilities: [Double]) {
      self.name = name
      self.probabilities = probabilities
    }
  }

  /// The decisions in the order in which they come up.
  package let choices: [Choice]
  private let places: [String: Int]

  /// The first one counts where a name comes up twice.
  package init(_ choices: [Choice]) {
    self.choices = choices
    places = Dictionary(choices.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
  }

  /// How likely the options of a decision are: as learned; by its odds where nothing was learned about it.
  package func weights(of point: DecisionPoint) -> [Double] {
    if let place = places[point.name], choices[place].probabilities.count == point.count {
      return choices[place].probabilities
    }
    return point.odds ?? [Double](repeating: 1, count: point.count)
  }
}

extension RelaxedPolicy: CustomStringConvertible {
  private static let header = "irlas policy 1"

  /// A line for each decision: its probabilities, which read back to the same numbers, and its name.
  package var description: String {
    var lines = [Self.header]
    for choice in choices {
      var name = ""
      for character in choice.name.unicodeScalars {
        switch character {
        case "\\": name += "\\\\"
        case "\n": name += "\\n"
        default: name.unicodeScalars.append(character)
        }
      }
      lines.append(choice.probabilities.map(\.description).joined(separator: " ") + " | " + name)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads what `description` wrote; nil when it is something else.
  package init?(parsing text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    guard lines.first.map(String.init) == Self.header else { return nil }
    var choices: [Choice] = []
    for line in lines.dropFirst() {
      guard let bar = line.firstIndex(of: "|"), line[line.startIndex..<bar].last == " ",
        line[bar...].dropFirst().first == " "
      else { return nil }
      let words = line[..<bar].split(separator: " ")
      let probabilities = words.compactMap { Double($0) }
      guard !words.isEmpty, probabilities.count == words.count,
        probabilities.allSatisfy({ $0.isFinite && $0 >= 0 }), probabilities.contains(where: { $0 > 0 })
      else { return nil }
      var name = ""
      var isEscaped = false
      for scalar in line[bar...].dropFirst(2).unicodeScalars {
        if isEscaped {
          guard scalar == "\\" || scalar == "n" else { return nil }
          name.unicodeScalars.append(scalar == "n" ? "\n" : scalar)
          isEscaped = false
        } else if scalar == "\\" {
          isEscaped = true
        } else {
          name.unicodeScalars.append(scalar)
        }
      }
      if isEscaped { return nil }
      choices.append(Choice(name: name, probabilities: probabilities))
    }
    self.init(choices)
  }
}
