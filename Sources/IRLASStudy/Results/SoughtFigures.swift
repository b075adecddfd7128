package import IRLASGraph

extension StudyRecord {
  /// What was sought, and all figures of the study: read from the text of the plan, so that a study can be read without
  /// its program.
  package var sought: (reward: SearchPlan.Reward, figures: [SearchPlan.Figure]) {
    let figures = figures.compactMap(SearchPlan.Figure.init(text:))
    let line = plan.split(separator: "\n").first { $0.hasPrefix("  reward: ") }?.dropFirst(10) ?? ""
    guard line.hasPrefix("pareto(") else {
      guard let figure = SearchPlan.Figure(text: String(line)) else {
        return (SearchPlan.Reward(maximised: []), figures)
      }
      if case .accuracy = figure { return (SearchPlan.Reward(maximised: [figure]), figures) }
      return (SearchPlan.Reward(maximised: [], minimised: [figure]), figures)
    }
    func list(_ key: String) -> [SearchPlan.Figure] {
      let bytes = Array(line.utf8)
      let mark = Array("\(key): [".utf8)
      guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return [] }
      let inside = bytes[(start + mark.count)...].prefix { $0 != UInt8(ascii: "]") }
      // No figure has a comma in it.
      return inside.split(separator: UInt8(ascii: ",")).compactMap { part in
        SearchPlan.Figure(text: String(decoding: part.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self))
      }
    }
    return (SearchPlan.Reward(maximised: list("max"), minimised: list("min")), figures)
  }
}

extension SearchPlan.Figure {
  /// The inverse of `description`.
  package init?(text: String) {
    func inside(_ prefix: String) -> String? {
      guard text.hasPrefix(prefix), text.hasSuffix(")") else { return nil }
      return String(text.dropFirst(prefix.count).dropLast())
    }
    switch text {
    case "params": self = .params
    case "macs": self = .macs
    case "depth": self = .depth
    default:
      if let recipe = inside("accuracy(") {
        self = .accuracy(recipe: recipe)
      } else if let batch = inside("latency(batch: ").flatMap({ Int($0) }) {
        self = .latency(batch: batch)
      } else if let batch = inside("memory(batch: ").flatMap({ Int($0) }) {
        self = .memory(batch: batch)
      } else {
        return nil
      }
    }
  }
}
