// IRLASTraining
