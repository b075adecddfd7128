package import IRLASGraph

/// What remains of a block when only its topology counts: a directed acyclic graph from one source to one sink.
///
/// Activations and normalisation belong to the convolution beside them, a depthwise convolution with a 1x1 convolution
/// right behind it is one separable convolution, an `@atomic` cell is one node. Identities (also 1x1 pools, slices,
/// shuffles, crops), dead nodes and projections that only adapt shapes (`fit`) are plain edges. Sums of sums and
/// concatenations of concatenations are flat, and parallel chains that are alike become one chain of grouped
/// convolutions, so that the three forms of ResNeXt (Xie et al., CVPR 2017, figure 3) have one view. There are no widths
/// and no strides.
///
/// Nodes stand in canonical order: two blocks have equal views exactly when their topologies are the same, whatever the
/// order and the names of the nodes they were written with. (For more than `exactSize` nodes the order may depend on
/// the numbering where parts of the graph are alike.)
package struct TopologyView: Sendable {
  /// What a node computes.
  package enum Kind: Int, Hashable, Sendable, CaseIterable {
    case input
    case convolution
    /// A convolution of every channel by itself.
    case depthwise
    /// A depthwise convolution and a 1x1 convolution with nothing between them.
    case separable
    case maxPool
    /// Also the average over all places.
    case averagePool
    case linear
    case attention
    /// A gate.
    case multiply
    case add
    case concat
    case other
    case output
  }

  /// One operation.
  package struct Node: Sendable {
    package let kind: Kind
    /// The window; 0x0 for kinds without one.
    package let kernel: Extent
    /// How many groups a convolution has; 1 for all that is none, and for depthwise convolutions, whose groups are
    /// their width.
    package let groups: Int
    /// The nodes of the graph that it stands for, in ascending order; empty for the source and the sink.
    package let members: [NodeID]
    /// The nodes whose values it reads, in ascending order, each once.
    package let predecessors: [Int]
  }

  /// Up to how many nodes the canonical order, and what is counted by automorphisms, is exact.
  package static let exactSize = 256

  /// The source first, the sink last, every node behind those it reads.
  package let nodes: [Node]
  /// How many different values the block reads; the source stands for all of them.
  package let arity: Int
  /// The base 2 logarithm of the number of automorphisms.
  package let automorphisms: Double
  /// The same for equal views, different (up to a chance of 2^-64) for others.
  package let code: UInt64

  /// The view of a network's characteristic block: of its outermost cells the one with most copies, of several with as
  /// many the one with most nodes; where copies differ in more than widths, the most frequent form. Cells that are a
  /// stage of repeated cells and nothing else, or that hold the classifier, count as a part of the network around them.
  /// A network without cells is a block by itself.
  package init(_ graph: Graph) {
    var extraction = BlockExtraction(graph)
    self = extraction.characteristicBlock()
  }

  /// The view of the cells of this name, or nil when there are none; where they differ, of their most frequent form.
  package init?(_ graph: Graph, cellNamed name: String) {
    var extraction = BlockExtraction(graph)
    guard let view = extraction.block(named: name) else { return nil }
    self = view
  }

  /// The view of one cell, or of the whole network for `.root`.
  package init(_ graph: Graph, cell: ScopeID) {
    var extraction = BlockExtraction(graph)
    self = extraction.block(cell)
  }

  init(nodes: [Node], arity: Int, automorphisms: Double, code: UInt64) {
    self.nodes = nodes
    self.arity = arity
    self.automorphisms = automorphisms
    self.code = code
  }

  /// The number of operations, without source and sink.
  package var size: Int { nodes.count - 2 }

  /// The number of edges.
  package var edgeCount: Int { nodes.reduce(0) { $0 + $1.predecessors.count } }
}

extension TopologyView: Hashable {
  /// Whether two views have the same nodes and edges; which nodes of which graph they stand for does not count.
  package static func == (a: TopologyView, b: TopologyView) -> Bool {
    a.code == b.code && a.arity == b.arity
      && a.nodes.elementsEqual(b.nodes) {
        $0.kind == $1.kind && $0.kernel == $1.kernel && $0.groups == $1.groups
          && $0.predecessors == $1.predecessors
      }
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

extension TopologyView.Kind {
  /// Whether it joins values without computing on one of them alone.
  package var isMerge: Bool { self == .add || self == .concat || self == .multiply }

  /// Whether it learns a window's weights.
  package var isConvolution: Bool { self == .convolution || self == .depthwise || self == .separable }
}

extension TopologyView.Node: CustomStringConvertible {
  /// `convolution 3x3 / 8 <- 1 2`
  package var description: String {
    var text = "\(kind)"
    if kernel.height > 0 { text += " \(kernel)" }
    if groups > 1 { text += " / \(groups)" }
    return predecessors.isEmpty ? text : text + " <- " + predecessors.map(String.init).joined(separator: " ")
  }
}

extension TopologyView: CustomStringConvertible {
  /// One numbered line for each node.
  package var description: String {
    nodes.enumerated().map { "\($0.offset) \($0.element)" }.joined(separator: "\n")
  }
}
