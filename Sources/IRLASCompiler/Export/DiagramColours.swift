extension DiagramOptions {
  /// The colours of the light theme, each with what stands for it in the dark one, so that one drawing serves both where
  /// a style sheet can choose. A colour of several parts has that of the first; white is the inside of a cell.
  package static var darkColours: [(light: String, dark: String)] {
    let (light, dark) = (DiagramPalette.palette(.light), DiagramPalette.palette(.dark))
    var pairs: [(light: String, dark: String)] = []
    func add(_ colour: String, _ other: String) {
      if !pairs.contains(where: { $0.light == colour }) { pairs.append((colour, other)) }
    }
    for family in OpFamily.allCases {
      let (from, to) = (light.colours(family), dark.colours(family))
      add(from.fill, to.fill)
      add(from.line, to.line)
      add(from.text, to.text)
    }
    add(light.text, dark.text)
    add(light.faint, dark.faint)
    add(light.edge, dark.edge)
    add(light.clusterLine, dark.clusterLine)
    add(light.badge, dark.badge)
    add(light.speaksFor, dark.speaksFor)
    add(light.speaksAgainst, dark.speaksAgainst)
    for (from, to) in zip(light.clusterFills, dark.clusterFills) { add(from, to) }
    return pairs
  }
}
