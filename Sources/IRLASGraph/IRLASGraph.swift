// IRLASGraph
