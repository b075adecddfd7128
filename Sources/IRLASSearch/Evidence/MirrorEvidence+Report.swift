extension MirrorEvidence {
  /// The tables of the manual, in Markdown.
  package var report: [String] {
    var lines = ["| scorer |" + comparisons.map { " \($0.negatives.rawValue) |" }.joined()]
    lines.append("|---|" + comparisons.map { _ in "---|" }.joined())
    for (row, scorer) in Scorer.allCases.enumerated() {
      let cells = comparisons.map { comparison in
        let result = comparison.results[row]
        return " \(Self.text(result.area)) (\(Self.text(result.interval))) |"
      }
      lines.append("| \(scorer.rawValue) |" + cells.joined())
    }
    for (title, gain) in [
      ("gain over the best control", \Comparison.gain),
      ("gain over the best control that knows no topology", \Comparison.plainGain),
      ("other families: gain over their best control", \Comparison.familyGain),
    ] {
      let cells = comparisons.map { comparison in
        let gain = comparison[keyPath: gain]
        return " \(Self.text(gain.value)) (\(Self.text(gain.interval))) over \(gain.control.rawValue) |"
      }
      lines.append("| \(title) |" + cells.joined())
    }
    lines.append("")
    lines.append(
      "Designed blocks and negatives: "
        + comparisons.map {
          "\($0.negatives.rawValue) \($0.positiveCount) against \($0.negativeCount)"
        }.joined(separator: ", ") + ".")
    lines.append("")
    lines += [
      "| block | kind | score | above its own graphs | the same by other families |", "|---|---|---|---|---|",
    ]
    let kinds = designed.map { _ in "designed" } + searched.map { _ in "searched" }
    let order = scores.indices.sorted {
      scores[$0].score != scores[$1].score ? scores[$0].score > scores[$1].score : $0 < $1
    }
    for place in order {
      let shares = [scores[place].aboveOwn, scores[place].aboveOwnByFamilies].map { share in
        share.map { " \(Self.text($0)) |" } ?? " |"
      }
      lines.append(
        "| \(scores[place].name) | \(kinds[place]) | \(Self.text(scores[place].score)) |\(shares.joined())")
    }
    lines.append("")
    lines.append(
      "Without their own row, as their views are those of others: " + repeated.joined(separator: ", ") + ".")
    lines.append("")
    lines += ["| feature | weight | share of the expert's score |", "|---|---|---|"]
    for weight in weights {
      lines.append("| `\(weight.name)` | \(Self.text(weight.weight)) | \(Self.text(weight.share)) |")
    }
    lines.append("")
    let members = TopologyFeatures.table[TopologyFeatures.range(of: .topology)].map { "`\($0.name)`" }
    lines.append("Members of `topology`: " + members.joined(separator: ", ") + ".")
    return lines
  }

  /// With two decimals.
  private static func text(_ value: Double) -> String {
    let hundredths = Int((abs(value) * 100).rounded())
    let digits = hundredths % 100
    return (value < 0 && hundredths > 0 ? "-" : "") + "\(hundredths / 100)." + (digits < 10 ? "0" : "")
      + "\(digits)"
  }

  private static func text(_ interval: ClosedRange<Double>) -> String {
    "\(text(interval.lowerBound)) to \(text(interval.upperBound))"
  }
}
