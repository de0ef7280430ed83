"""What both services share: the Flask application, its fault switch and how it is run."""
