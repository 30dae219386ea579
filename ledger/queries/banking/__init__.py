"""Questions about bank statements and deposits."""
