"""Who we are and where: the configuration, the access token, the identity token."""
