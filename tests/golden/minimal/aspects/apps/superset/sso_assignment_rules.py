def extra_get_user_roles(self, username, decoded_access_token):
    return None