"""The parts of a run's report, each as HTML that says everything without JavaScript but what must be drawn."""
