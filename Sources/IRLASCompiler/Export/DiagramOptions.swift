package import IRLASGraph

/// How a graph is drawn.
package struct DiagramOptions: Sendable {
  package enum Theme: String, Sendable, CaseIterable {
    case light
    case dark
  }

  /// Where something of the diagram stands in the program's text.
  package struct Link: Hashable, Sendable {
    package var url: String
    /// What a reader sees: `resnet.irlas:12`.
    package var text: String

    package init(url: String, text: String) {
      self.url = url
      self.text = text
    }
  }

  /// A node that stands out.
  package struct Highlight: Hashable, Sendable {
    package var node: NodeID
    /// In [-1, 1]: above 0 it speaks for something, below 0 against it.
    package var strength: Double

    package init(node: NodeID, strength: Double) {
      self.node = node
      self.strength = strength
    }
  }

  /// What a node takes of a whole, from 0 to 1.
  package struct Share: Hashable, Sendable {
    package var node: NodeID
    package var value: Double

    package init(node: NodeID, value: Double) {
      self.node = node
      self.value = value
    }
  }

  /// How many levels of cells are open; the cells below are one box each. Nil chooses the most that keeps the
  /// picture on a page.
  package var depth: Int?
  /// Cells with these names are one box each whatever the depth.
  package var collapse: [String]
  package var theme: Theme
  /// Whether a convolution with the batch norms and activations around it is one box. Nil says yes until a
  /// given depth opens every cell.
  package var fusesChains: Bool?
  /// Nodes whose boxes get a coloured line, the thicker the stronger; of several nodes in a box the strongest counts.
  package var highlights: [Highlight]
  /// What was measured of nodes; then boxes have the colour of their share instead of that of their family.
  package var shares: [Share]
  /// Nodes whose boxes and the arrows between them are drawn in bold: a path through the graph.
  package var path: [NodeID]
  /// Stands under the title in place of what the graph costs.
  package var subtitle: String?
  /// The place in the text for an origin of the graph, if it has one.
  package var link: (@Sendable (_ origin: Int32) -> Link?)?

  package init(
    depth: Int? = nil, collapse: [String] = [], theme: Theme = .light, fusesChains: Bool? = nil,
    highlights: [Highlight] = [], shares: [Share] = [], path: [NodeID] = [], subtitle: String? = nil,
    link: (@Sendable (_ origin: Int32) -> Link?)? = nil
  ) {
    self.depth = depth
    self.collapse = collapse
    self.theme = theme
    self.fusesChains = fusesChains
    self.highlights = highlights
    self.shares = shares
    self.path = path
    self.subtitle = subtitle
    self.link = link
  }
}

/// A file format for diagrams.
package enum DiagramFormat: String, Sendable, CaseIterable {
  case svg
  case dot
  case png
  case pdf
}

/// Why a diagram could not be drawn: always the machine, never the graph.
package enum DrawingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Graphviz could not be started.
  case unavailable
  /// Graphviz gave up, with its own words.
  case layout(String)
  case rendering(format: DiagramFormat, message: String)

  package var description: String {
    switch self {
    case .unavailable: "Graphviz could not be started"
    case .layout(let message): "Graphviz could not lay out the diagram: \(message)"
    case .rendering(let format, let message): "Graphviz could not write \(format.rawValue): \(message)"
    }
  }
}

/// Draws a graph.
///
/// - Returns: the bytes of the file, the same for the same graph, options and fonts.
package func render(_ graph: Graph, options: DiagramOptions = DiagramOptions(), as format: DiagramFormat)
  throws(DrawingError) -> [UInt8]
{
  let text = dot(graph, options: options)
  if format == .dot { return Array(text.utf8) }
  return try GraphvizRenderer.render(text, as: format)
}

/// The diagram of a graph in Graphviz's language.
package func dot(_ graph: Graph, options: DiagramOptions = DiagramOptions()) -> String {
  Diagram(graph, options: options).dot(theme: options.theme)
}
